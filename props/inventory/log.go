package inventory

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"regexp"
	"strings"
)

// Columns of csvlog (manual, "Using CSV-Format Log Output"); newer versions add more.
const (
	logTime     = 0
	logUser     = 1
	logSeverity = 11
	logMessage  = 13
	logQuery    = 19
	logColumns  = 23 // of the oldest version that is supported
)

var logTimestamp = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`)

// isLogRecord reports whether a record is csvlog's.
func isLogRecord(record []string) bool {
	return len(record) >= logColumns && logTimestamp.MatchString(record[logTime])
}

// readCSVLog reads csvlog.
func readCSVLog(name string, data []byte) ([]Statement, error) {
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = -1
	var out []Statement
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, csvError(name, err)
		}
		line, _ := r.FieldPos(0)
		if !isLogRecord(record) {
			return nil, &StatementsError{name, line, "this is no line of csvlog"}
		}
		text, ok := said(record[logMessage])
		if !ok && record[logQuery] != "" && record[logSeverity] != "LOG" {
			text, ok = record[logQuery], true // of an error
		}
		if ok {
			out = append(out, Statement{Role: record[logUser], Text: text, Calls: 1, Line: line})
		}
	}
}

// message is how log_statement and log_min_duration_statement begin a statement.
var message = regexp.MustCompile(`(?s)^(?:duration: [\d.]+ ms\s+)?(?:statement: |execute [^:]*: )(.*)$`)

// said takes the statement out of a message.
func said(text string) (string, bool) {
	m := message.FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	return m[1], true
}

// logLine is a line of the format stderr: its prefix, severity and message.
var logLine = regexp.MustCompile(`^(.*?)\b(LOG|ERROR|FATAL|PANIC|WARNING|NOTICE|INFO|DEBUG\d?|STATEMENT|DETAIL|HINT|CONTEXT|QUERY|LOCATION):  (.*)$`)

// hasLogLine reports whether some line is one of a server log.
func hasLogLine(text string) bool {
	for line := range strings.Lines(text) {
		if logLine.MatchString(strings.TrimRight(line, "\r\n")) {
			return true
		}
	}
	return false
}

// logRole finds the user that log_line_prefix names: user=app, app@database, user:app.
var logRole = regexp.MustCompile(`(?i)(?:\buser[=:]\s*"?([^\s,"@\]]+)|([^\s\[\]",=]+)@[^\s\[\]",=]+)`)

// readLog reads the format stderr. A message may go on in lines that begin with a tab.
func readLog(text string) []Statement {
	var out []Statement
	open := false
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimRight(line, "\r")
		if open && strings.HasPrefix(line, "\t") {
			out[len(out)-1].Text += "\n" + line[1:]
			continue
		}
		m := logLine.FindStringSubmatch(line)
		open = false
		if m == nil {
			continue
		}
		body, ok := said(m[3])
		if m[2] == "STATEMENT" {
			body, ok = m[3], true
		} else if m[2] != "LOG" {
			ok = false
		}
		if !ok {
			continue
		}
		open = true
		out = append(out, Statement{Role: prefixRole(m[1]), Text: body, Calls: 1, Line: n + 1})
	}
	return out
}

// prefixRole is the user in a line's prefix; empty when it names none.
func prefixRole(prefix string) string {
	m := logRole.FindStringSubmatch(prefix)
	if m == nil {
		return ""
	}
	return m[1] + m[2]
}
