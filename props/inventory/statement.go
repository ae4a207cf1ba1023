package inventory

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// Statement is one that an application was seen to run.
type Statement struct {
	Role  string // who ran it; empty where the file does not say
	Text  string
	Calls int
	Line  int // of the file, where it was first seen
}

// StatementsError says that a file of statements cannot be used.
type StatementsError struct {
	File string
	Line int // 0: the whole file
	Msg  string
}

// Error names the place.
func (e *StatementsError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg)
	}
	return e.File + ": " + e.Msg
}

// neither is what a file of statements should be, where it is nothing of that.
const neither = "this is neither pg_stat_statements as CSV with a header (columns query and rolname), nor a log of Postgres with statements in the format stderr or csvlog"

// ReadStatements reads pg_stat_statements as CSV with a header, or a server's log in the
// formats stderr and csvlog. Equal statements of a role come once. Errors are a
// *StatementsError; name is the file's, for them.
func ReadStatements(name string, data []byte) ([]Statement, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	var found []Statement
	var err error
	switch first := firstRecord(data); {
	case isHeader(first):
		found, err = readTable(name, data)
	case isLogRecord(first):
		found, err = readCSVLog(name, data)
	default:
		found = readLog(string(data))
		if len(found) == 0 && !hasLogLine(string(data)) {
			return nil, &StatementsError{File: name, Msg: neither}
		}
	}
	if err != nil {
		return nil, err
	}
	return once(found), nil
}

// once joins equal statements of a role.
func once(list []Statement) []Statement {
	type key struct{ role, text string }
	at := map[key]int{}
	var out []Statement
	for _, s := range list {
		k := key{s.Role, sql.Normal(s.Text)}
		if k.text == "" {
			continue
		}
		if i, ok := at[k]; ok {
			out[i].Calls += s.Calls
			continue
		}
		at[k] = len(out)
		out = append(out, s)
	}
	slices.SortStableFunc(out, func(a, b Statement) int { return cmp.Or(strings.Compare(a.Role, b.Role), b.Calls-a.Calls) })
	return out
}

// firstRecord is the first record of a CSV; nil when it is none.
func firstRecord(data []byte) []string {
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	record, err := r.Read()
	if err != nil {
		return nil
	}
	return record
}

// roleColumns are the names under which an export has the role.
var roleColumns = []string{"rolname", "usename", "user_name", "username", "role", "user"}

func isHeader(record []string) bool { return column(record, "query") >= 0 }

// column finds a column by one of its names, or -1.
func column(header []string, names ...string) int {
	return slices.IndexFunc(header, func(h string) bool { return slices.Contains(names, strings.ToLower(strings.TrimSpace(h))) })
}

// readTable reads pg_stat_statements.
func readTable(name string, data []byte) ([]Statement, error) {
	r := csv.NewReader(bytes.NewReader(data))
	header, err := r.Read()
	if err != nil {
		return nil, csvError(name, err)
	}
	query, role, calls := column(header, "query"), column(header, roleColumns...), column(header, "calls")
	if role < 0 {
		msg := "no column names the role"
		if column(header, "userid") >= 0 {
			msg = "userid is a number that means a role on that server only"
		}
		return nil, &StatementsError{File: name, Line: 1, Msg: msg + `; export with psql: \copy (SELECT pg_get_userbyid(userid) AS rolname, query, calls FROM pg_stat_statements) TO 'statements.csv' CSV HEADER`}
	}
	var out []Statement
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, csvError(name, err)
		}
		line, _ := r.FieldPos(query)
		s := Statement{Role: record[role], Text: record[query], Calls: 1, Line: line}
		if strings.HasPrefix(s.Role, "unknown (OID=") {
			return nil, &StatementsError{name, line, "the role of this statement no longer exists: " + s.Role + "; leave its lines out, or call pg_stat_statements_reset()"}
		}
		if calls >= 0 {
			if s.Calls, err = strconv.Atoi(strings.TrimSpace(record[calls])); err != nil {
				return nil, &StatementsError{name, line, fmt.Sprintf("calls is %q: a number is expected", record[calls])}
			}
		}
		out = append(out, s)
	}
}

// csvError is an error of the CSV reader with its place.
func csvError(name string, err error) error {
	var e *csv.ParseError
	if errors.As(err, &e) {
		return &StatementsError{name, e.StartLine, "this is not CSV: " + e.Err.Error()}
	}
	return &StatementsError{File: name, Msg: err.Error()}
}
