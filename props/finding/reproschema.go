package finding

import (
	"regexp"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/props/script"
)

// schema writes the schema's statements as they are, with two exceptions. What names a database
// means the one that the script runs in, and none is made. What creates, changes or drops a role
// runs only if the script found the role missing.
func (r *repro) schema() {
	r.section("schema")
	r.text("SET client_min_messages = warning;\n\\o /dev/null")
	for i := range r.m.Statements {
		if r.otherFile(i) {
			r.text("SET SESSION AUTHORIZATION DEFAULT;\nRESET ALL;\nDISCARD TEMP;\nSET client_min_messages = warning;")
		}
		r.statement(&r.m.Statements[i])
	}
	for _, g := range r.grants {
		r.end(g)
	}
	r.text("\\o\n\\connect")
}

// otherFile reports whether a statement is the first of another file, which does not
// inherit the session of the one before. A file that is included by another one does:
// the including one goes on after it.
func (r *repro) otherFile(i int) bool {
	if i == 0 || r.m.Statements[i].File == r.m.Statements[i-1].File {
		return false
	}
	seen := func(list []script.Statement, name string) bool {
		return slices.ContainsFunc(list, func(s script.Statement) bool { return s.File == name })
	}
	return !seen(r.m.Statements[i:], r.m.Statements[i-1].File) && !seen(r.m.Statements[:i], r.m.Statements[i].File)
}

// Statements that are not written as they are.
var (
	roleStatement = regexp.MustCompile(`(?is)^(?:create|alter|drop)\s+(?:role|user|group)\s+(?:if\s+exists\s+)?("(?:[^"]|"")+"|[\pL_][\pL\pN_$]*)`)
	notHere       = regexp.MustCompile(`(?is)^(?:(?:create|drop)\s+database|alter\s+system|create\s+subscription)\b|^alter\s+database\s+(?:"(?:[^"]|"")+"|\S+)\s+(?:rename|set\s+tablespace|with|allow|connection|is)\b`)
	roleForAll    = regexp.MustCompile(`(?is)^(alter\s+(?:role|user)\s+all)\s+(set|reset)\b`)
	inDatabase    = regexp.MustCompile(`(?is)^(alter\s+(?:role|user)\s+(?:"(?:[^"]|"")+"|\S+)\s+in\s+database)\s+("(?:[^"]|"")+"|\S+)`)
	ofDatabase    = regexp.MustCompile(`(?is)^(alter\s+database|comment\s+on\s+database|security\s+label\s+on\s+database|(?:grant|revoke)\s+[\pL\s,]*?\bon\s+database)\s+("(?:[^"]|"")+"|[^\s;]+)`)
)

// thisDatabase is the name of the database that psql is connected to, as a quoted identifier.
const thisDatabase = `:"DBNAME"`

// statement writes one statement of the schema.
func (r *repro) statement(s *script.Statement) {
	text := strings.TrimRight(s.Text, "; \t\r\n")
	switch {
	case notHere.MatchString(text):
		r.line("-- left out: %s;", oneLine(text))
	case roleForAll.MatchString(text):
		r.end(roleForAll.ReplaceAllString(text, "$1 IN DATABASE "+thisDatabase+" $2"))
	case inDatabase.MatchString(text):
		r.end(inDatabase.ReplaceAllString(text, "$1 "+thisDatabase))
	case ofDatabase.MatchString(text):
		r.end(ofDatabase.ReplaceAllString(text, "$1 "+thisDatabase))
	case r.fresh[ofRole(text)] != "":
		r.line("\\if :%s", r.fresh[ofRole(text)])
		r.end(text)
		r.text("\\endif")
	default:
		r.end(text)
		if s.Copy != nil {
			r.copyData(string(s.Copy))
		}
	}
}

// copyData writes the rows of a COPY … FROM stdin with their end.
func (r *repro) copyData(data string) {
	r.b.WriteString(data)
	if data != "" && !strings.HasSuffix(data, "\n") {
		r.b.WriteByte('\n')
	}
	if strings.HasSuffix(data, "\\.\n") {
		return
	}
	r.text(`\.`)
}

// ofRole is the role that a statement makes, changes or drops; empty for other statements.
func ofRole(text string) string {
	m := roleStatement.FindStringSubmatch(text)
	switch {
	case m == nil:
		return ""
	case m[1][0] == '"':
		return strings.ReplaceAll(m[1][1:len(m[1])-1], `""`, `"`)
	case strings.EqualFold(m[1], "mapping"): // CREATE USER MAPPING
		return ""
	}
	return strings.ToLower(m[1])
}

// end writes a statement with its semicolon, which a comment at the end would swallow.
func (r *repro) end(text string) {
	last := text[strings.LastIndexByte(text, '\n')+1:]
	if strings.Contains(last, "--") {
		text += "\n"
	}
	r.b.WriteString(text + ";\n")
}
