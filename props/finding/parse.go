package finding

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// CaseError is a mistake in a case file.
type CaseError struct {
	Name    string
	Pos     Pos
	Message string
	Excerpt string // the line; empty when there is none
}

// Error is file:line:column: message, and the line with a mark below it.
func (e *CaseError) Error() string {
	text := fmt.Sprintf("%s:%d:%d: %s", e.Name, e.Pos.Line, e.Pos.Column, e.Message)
	if e.Excerpt == "" {
		return text
	}
	number := strconv.Itoa(e.Pos.Line)
	at := min(max(e.Pos.Column-1, 0), len(e.Excerpt))
	return fmt.Sprintf("%s\n  %s | %s\n  %s | %s^", text, number, e.Excerpt, strings.Repeat(" ", len(number)), strings.Repeat(" ", at))
}

// ParseCase reads a case. Mistakes are a *CaseError.
func ParseCase(name string, src []byte) (*Case, error) {
	p := caseParser{name: name, lines: strings.Split(string(src), "\n")}
	trimmed := bytes.TrimSpace(src)
	if bytes.HasPrefix(trimmed, []byte(firstLine)) && !bytes.HasSuffix(trimmed, []byte("\n"+lastLine)) {
		return nil, p.at(Pos{Line: len(p.lines), Column: 1}, "the case is cut off: its last line should be %q", lastLine)
	}
	file, err := parser.ParseBytes(src, 0)
	if err != nil {
		return nil, p.syntax(err)
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil || len(trimmed) == 0 {
		return nil, p.at(Pos{Line: 1, Column: 1}, "the case is empty: it needs rows and steps")
	}
	if len(file.Docs) > 1 {
		return nil, p.at(place(file.Docs[1].Body), "a case is one document")
	}
	k := &Case{Name: name}
	if err := p.root(k, file.Docs[0].Body); err != nil {
		return nil, err
	}
	if len(k.Steps) == 0 {
		return nil, p.at(Pos{Line: len(p.lines), Column: 1}, "the case has no steps; a step is {session: …, tenant: …, sql: …}")
	}
	return k, nil
}

// caseParser reads one case. Its errors have a place in it.
type caseParser struct {
	name  string
	lines []string
}

// at is the mistake at a place.
func (p *caseParser) at(pos Pos, format string, args ...any) *CaseError {
	e := &CaseError{Name: p.name, Pos: pos, Message: fmt.Sprintf(format, args...)}
	if pos.Line >= 1 && pos.Line <= len(p.lines) {
		e.Excerpt = strings.TrimRight(p.lines[pos.Line-1], "\r")
	}
	return e
}

// syntax is a mistake that the YAML parser found.
func (p *caseParser) syntax(err error) *CaseError {
	var se *yaml.SyntaxError
	if !errors.As(err, &se) || se.Token == nil {
		return p.at(Pos{Line: 1, Column: 1}, "%s", strings.SplitN(err.Error(), "\n", 2)[0])
	}
	return p.at(Pos{se.Token.Position.Line, se.Token.Position.Column}, "not YAML: %s", se.Message)
}

// place is where a node begins.
func place(n ast.Node) Pos {
	if n == nil || n.GetToken() == nil {
		return Pos{1, 1}
	}
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		n = m.Values[0].Key
	}
	t := n.GetToken().Position
	return Pos{t.Line, t.Column}
}

// entry is one key of a mapping and its value.
type entry struct {
	key   string
	pos   Pos // of the key
	value ast.Node
}

// mapping lists the entries of a mapping. what is what a message calls the node when it is
// none.
func (p *caseParser) mapping(n ast.Node, what string) ([]entry, error) {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		return nil, p.at(place(n), "%s should be a mapping of names to values", what)
	}
	seen := map[string]bool{}
	entries := make([]entry, 0, len(values))
	for _, v := range values {
		key, err := p.scalar(v.Key, "a name")
		if err != nil {
			return nil, err
		}
		e := entry{key: key.Text, pos: place(v.Key), value: v.Value}
		if seen[e.key] {
			return nil, p.at(e.pos, "%s stands here twice", e.key)
		}
		seen[e.key] = true
		entries = append(entries, e)
	}
	return entries, nil
}

func (p *caseParser) sequence(n ast.Node, what string) ([]ast.Node, error) {
	switch n := n.(type) {
	case *ast.SequenceNode:
		return n.Values, nil
	case *ast.NullNode:
		return nil, nil
	}
	return nil, p.at(place(n), "%s should be a list", what)
}

// scalar is the text of a single value as it was written, or NULL.
func (p *caseParser) scalar(n ast.Node, what string) (model.Value, error) {
	switch n := n.(type) {
	case *ast.NullNode:
		return model.Value{Null: true}, nil
	case *ast.StringNode:
		return model.Value{Text: n.Value}, nil
	case *ast.LiteralNode:
		return model.Value{Text: n.Value.Value}, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return model.Value{Text: n.GetToken().Value}, nil
	}
	return model.Value{}, p.at(place(n), "%s should be a single value", what)
}

// text reads the value of an entry that must have one.
func (p *caseParser) text(e entry, to *string) error {
	v, err := p.scalar(e.value, e.key)
	if err == nil && v.Null {
		err = p.at(e.pos, "%s has no value", e.key)
	}
	*to = v.Text
	return err
}

// transactions reads a number of a call's transactions, or of a program's statements.
func (p *caseParser) transactions(e entry, to *int) error {
	v, err := p.scalar(e.value, e.key)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(v.Text)
	if err != nil || n < 1 {
		return p.at(place(e.value), "%s should be a number of transactions, or of a program's statements, from 1", e.key)
	}
	*to = n
	return nil
}

func (p *caseParser) flag(e entry, to *bool) error {
	b, ok := e.value.(*ast.BoolNode)
	if !ok {
		return p.at(place(e.value), "%s should be true or false", e.key)
	}
	*to = b.Value
	return nil
}
