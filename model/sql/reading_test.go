package sql

import "testing"

func TestQueries(t *testing.T) {
	for text, want := range map[string]bool{
		"SELECT * FROM t":                      true,
		"  (SELECT 1) UNION SELECT 2":          true,
		"-- all of them\nTABLE t":              true,
		"SELECT * FROM t FOR NO KEY UPDATE":    true,
		"SELECT * FROM t FOR UPDATE":           true,
		"SELECT 'DELETE FROM t', \"update\"":   true,
		"WITH x AS (SELECT 1) SELECT * FROM x": true,
		"COPY (SELECT * FROM t) TO STDOUT":     true,
		"COPY t TO STDOUT":                     true,
		"VALUES (1)":                           true,

		"COPY t FROM STDIN":                                                       false,
		"SELECT * INTO copied FROM t":                                             false,
		"WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x":                   false,
		"WITH x AS (UPDATE t SET a = 1 RETURNING *) SELECT * FROM x":              false,
		"WITH x AS (INSERT INTO t VALUES (1) RETURNING *) SELECT count(*) FROM x": false,
		"INSERT INTO t SELECT * FROM u":                                           false,
		"UPDATE t SET a = 1":                                                      false,
		"CALL p()":                                                                false,
		"":                                                                        false,
	} {
		if got := Queries(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
