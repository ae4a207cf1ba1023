package dynamic_test

import (
	"testing"

	"github.com/rlsfuzz/rlsfuzz/model/dynamic"
)

func TestNames(t *testing.T) {
	for text, want := range map[string]dynamic.Naming{
		"EXECUTE format('SELECT * FROM %I', kind)":                               dynamic.Table,
		"EXECUTE format('SELECT ''x'' FROM public.%I t', kind)":                  dynamic.Table,
		"EXECUTE format('SELECT %L FROM %2$I', n, kind)":                         dynamic.Table,
		"EXECUTE format('SELECT * FROM %I.%I', s, kind)":                         dynamic.Table,
		"EXECUTE format('SELECT * FROM %I.%I', kind, t)":                         dynamic.Schema,
		"n := format('%I.%I', s, kind)":                                          dynamic.Table,
		"SELECT format('%I.%I AS x', s, kind)":                                   dynamic.Nothing,
		"EXECUTE format('DELETE FROM ONLY %s', kind)":                            dynamic.Qualified,
		"EXECUTE format('UPDATE %s SET x = 1', quote_ident($1))":                 dynamic.Table,
		"EXECUTE format('SELECT * FROM notes ORDER BY %I', kind)":                dynamic.Nothing,
		"EXECUTE format('SELECT * FROM notes WHERE kind = %L', kind)":            dynamic.Nothing,
		"EXECUTE 'SELECT * FROM ' || quote_ident(kind)":                          dynamic.Table,
		"EXECUTE 'SELECT * FROM app.' || kind || ' WHERE true'":                  dynamic.Table,
		"EXECUTE 'SELECT * FROM ' || kind":                                       dynamic.Qualified,
		"EXECUTE 'SELECT * FROM ' || quote_ident(kind) || '.' || quote_ident(t)": dynamic.Schema,
		"EXECUTE 'SELECT * FROM ' || quote_ident(s) || '.' || quote_ident(kind)": dynamic.Table,
		"SELECT pg_table_size(kind::regclass)":                                   dynamic.Qualified,
		"SELECT to_regclass(kind)":                                               dynamic.Qualified,
		"SELECT * FROM notes n WHERE n.kind = kind":                              dynamic.Nothing,
		"EXECUTE 'SELECT * FROM notes WHERE kind = ' || quote_literal(kind)":     dynamic.Nothing,
	} {
		if got := dynamic.Names(text, "kind", 1); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
}
