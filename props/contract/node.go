package contract

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// nodeKind is what a YAML node is.
type nodeKind uint8

const (
	nothing nodeKind = iota // null, or no value
	scalar
	list
	mapping
)

// String names the kind in messages.
func (k nodeKind) String() string {
	return [...]string{"nothing", "a text", "a list", "a mapping"}[k]
}

// node is a YAML node with its place; aliases and merges are followed.
type node struct {
	kind  nodeKind
	text  string // of a scalar
	what  string // of a scalar: a text, a number, true or false
	at    place
	keys  []*node // of a mapping
	items []*node // of a list or a mapping
}

// value is the value of a mapping's key, or nil.
func (n *node) value(key string) *node {
	for i, k := range n.keys {
		if k.text == key {
			return n.items[i]
		}
	}
	return nil
}

// builder turns the parser's tree into nodes.
type builder struct {
	*source
	anchors map[string]*node
}

// parseYAML reads one document; nil when that fails.
func parseYAML(s *source, src []byte) (root *node) {
	defer func() {
		if r := recover(); r != nil { // the parser's own faults
			s.fail(place{1, 1}, "YAML", "this cannot be read as YAML: %v", r)
			root = nil
		}
	}()
	file, err := parser.ParseBytes(src, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		s.syntax(err)
		return nil
	}
	b := &builder{source: s, anchors: map[string]*node{}}
	for _, doc := range file.Docs {
		if _, directive := doc.Body.(*ast.DirectiveNode); doc.Body == nil || directive {
			continue
		}
		if root != nil {
			s.fail(where(doc.Body), "one document", "a second document in one file")
			return nil
		}
		root = b.node(doc.Body)
	}
	return root
}

// syntax notes the parser's complaint.
func (s *source) syntax(err error) {
	at, msg := place{1, 1}, err.Error()
	if e, ok := err.(interface {
		GetToken() *token.Token
		GetMessage() string
	}); ok {
		msg = e.GetMessage()
		if t := e.GetToken(); t != nil && t.Position != nil {
			at = place{t.Position.Line, t.Position.Column}
		}
	}
	expected := "YAML"
	if at.line <= len(s.lines) {
		line := s.lines[at.line-1]
		if blanks := len(line) - len(strings.TrimLeft(line, " ")); strings.HasPrefix(line[blanks:], everyTable+":") {
			at.col, expected = blanks+1, `"*" in quotes: a bare * is YAML's sign for an alias`
		}
	}
	s.fail(at, expected, "broken YAML: %s", msg)
}

func where(n ast.Node) place {
	switch x := n.(type) {
	case *ast.MappingNode:
		if !x.IsFlowStyle && len(x.Values) > 0 {
			return where(x.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return where(x.Key)
	}
	p := n.GetToken().Position
	return place{p.Line, p.Column}
}

func (b *builder) node(n ast.Node) *node {
	out := &node{at: where(n)}
	switch x := n.(type) {
	case *ast.NullNode:
	case *ast.MappingNode:
		out.kind = mapping
		b.entries(out, x.Values)
	case *ast.MappingValueNode:
		out.kind = mapping
		b.entries(out, []*ast.MappingValueNode{x})
	case *ast.SequenceNode:
		out.kind = list
		for _, v := range x.Values {
			out.items = append(out.items, b.node(v))
		}
	case *ast.AnchorNode:
		out = b.node(x.Value)
		b.anchors[x.Name.GetToken().Value] = out
	case *ast.AliasNode:
		name := x.Value.GetToken().Value
		if known, ok := b.anchors[name]; ok {
			return known
		}
		b.fail(out.at, "an anchor &"+name+" before it, or the text in quotes", "no anchor %q", name)
	case *ast.TagNode:
		b.fail(out.at, "a plain value", "a YAML tag %s", x.Start.Value)
	default:
		b.scalar(out, n)
	}
	return out
}

func (b *builder) scalar(out *node, n ast.Node) {
	out.kind, out.what = scalar, "a text"
	switch x := n.(type) {
	case *ast.StringNode:
		out.text = x.Value
	case *ast.LiteralNode:
		out.text = x.Value.Value
	case *ast.BoolNode:
		out.text, out.what = x.Token.Value, "true or false"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		out.text, out.what = n.GetToken().Value, "a number"
	default:
		b.fail(out.at, "a plain value", "something that a contract does not use: %s", n.Type())
	}
}

func (b *builder) entries(out *node, values []*ast.MappingValueNode) {
	var merged []*node
	for _, v := range values {
		if _, merge := v.Key.(*ast.MergeKeyNode); merge {
			merged = append(merged, b.node(v.Value))
			continue
		}
		var key ast.Node = v.Key
		if k, ok := key.(*ast.MappingKeyNode); ok {
			key = k.Value
		}
		name := &node{kind: scalar, text: key.GetToken().Value, at: where(key)}
		if out.value(name.text) != nil {
			b.fail(name.at, "each key once", "key %q stands here twice", name.text)
			continue
		}
		out.keys = append(out.keys, name)
		out.items = append(out.items, b.node(v.Value))
	}
	for _, m := range merged {
		if m.kind != mapping {
			b.fail(m.at, "a mapping", "<< of %s", m.kind)
		}
		for i, k := range m.keys {
			if out.value(k.text) == nil {
				out.keys, out.items = append(out.keys, k), append(out.items, m.items[i])
			}
		}
	}
}

// inside is the place of the byte at an offset in a scalar's text. It walks the
// text and the file side by side, whatever style the scalar is written in.
func (s *source) inside(n *node, offset int) place {
	w := walker{lines: s.lines, at: n.at}
	if r := w.peek(); r == '"' || r == '\'' {
		w.quote = r
		w.next()
	} else if r == '|' || r == '>' {
		w.at.line, w.at.col = w.at.line+1, 1
	}
	for i, r := range n.text {
		if r == ' ' || r == '\t' || r == '\n' {
			if i < offset {
				continue
			}
			return w.at
		}
		w.to(r)
		if i >= offset {
			return w.at
		}
		w.next()
	}
	return w.at
}

// walker reads a file's characters.
type walker struct {
	lines []string
	at    place
	quote rune
}

// peek is the character here; a line's end is '\n', the file's 0.
func (w *walker) peek() rune {
	if w.at.line > len(w.lines) {
		return 0
	}
	n := w.at.col
	for _, r := range w.lines[w.at.line-1] {
		if n--; n == 0 {
			return r
		}
	}
	return '\n'
}

func (w *walker) next() {
	if w.peek() == '\n' {
		w.at.line, w.at.col = w.at.line+1, 1
		return
	}
	w.at.col++
}

// to goes to the next place of a character, over blanks and escapes.
func (w *walker) to(r rune) {
	for {
		switch c := w.peek(); {
		case c == 0:
			return
		case w.quote == '"' && c == '\\', w.quote == '\'' && c == '\'' && r == c:
			w.next() // of an escape, or of ''
			return
		case c == r:
			return
		case c == ' ' || c == '\t' || c == '\n':
			w.next()
		default:
			return
		}
	}
}

// describe says in a message what a node is.
func (n *node) describe() string {
	if n == nil {
		return "nothing"
	}
	if n.kind == scalar {
		return fmt.Sprintf("%s, %q", n.what, short(n.text))
	}
	return n.kind.String()
}

func short(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
