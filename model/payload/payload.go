// Package payload reads what the text of a function takes out of a JSON argument, such as a
// webhook's document or an import's list of records.
package payload

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Shape is what a text reads of a document: an object, or a list of some.
type Shape struct {
	Fields  []Field  // of the document itself; the key under which its content is, is none of them
	Content *Content // nil where it has none
}

// Content is what a text reads of the elements of a document, or of a record that it makes of it.
type Content struct {
	Key    string // under which they are; empty: the document itself
	List   bool
	Fields []Field
}

// Field is a key that a text looks up.
type Field struct {
	Key      string
	Beside   []string // the names that its value is compared with, or that are set to it
	Compared bool     // somewhere it is not only set
}

// Read finds the shape of an argument, which a text calls by its name or, as $1, by its number; nil
// where the text looks up nothing in it.
func Read(text, name string, number int) *Shape {
	called := `(?:\$` + strconv.Itoa(number) + `\b`
	if name != "" {
		called += `|\b` + regexp.QuoteMeta(name) + `"?`
	}
	called += `)`
	out := Shape{Fields: looked(text, called), Content: record(text, called)}
	if out.Content == nil {
		out.Content = elements(text, called, out.Fields)
	}
	if c := out.Content; c != nil {
		out.Fields = slices.DeleteFunc(out.Fields, func(f Field) bool { return f.Key == c.Key })
	} else if len(out.Fields) == 0 {
		return nil
	}
	return &out
}

// looked is the keys that a text looks up in what it calls something.
func looked(text, called string) []Field {
	var out []Field
	for _, m := range regexp.MustCompile(`(?i)`+called+`\s*->>?\s*'([^']+)'(\s*->)?`).FindAllStringSubmatch(text, -1) {
		inner := m[2] != "" // it is an object in which more is looked up
		if key := m[1]; !inner && !slices.ContainsFunc(out, func(f Field) bool { return f.Key == key }) {
			out = append(out, about(text, key, called+`\s*->>?\s*'`+regexp.QuoteMeta(key)+`'`))
		}
	}
	return out
}

// record is the columns of what a text makes of a document with json_to_record or
// json_to_recordset.
func record(text, called string) *Content {
	m := regexp.MustCompile(`(?is)jsonb?_to_record(set)?\s*\(\s*` + under(called) + `[^()]*\)\s*(?:as\s+)?(\w+)\s*\(((?:[^()]|\([^()]*\))*)\)`).FindStringSubmatch(text)
	if m == nil {
		return nil
	}
	out := &Content{Key: m[2], List: m[1] != ""}
	for _, column := range strings.Split(regexp.MustCompile(`\([^()]*\)`).ReplaceAllString(m[4], ""), ",") {
		if words := strings.Fields(column); len(words) > 1 {
			key := strings.Trim(words[0], `"`)
			out.Fields = append(out.Fields, about(text, key, `\b`+m[3]+`\s*\.\s*"?`+regexp.QuoteMeta(key)+`\b"?`))
		}
	}
	return out
}

// elements is what a text looks up in anything, where it goes through the elements of a document.
func elements(text, called string, own []Field) *Content {
	m := regexp.MustCompile(`(?is)jsonb?_array_elements\s*\([^;]{0,100}?` + under(called)).FindStringSubmatch(text)
	if m == nil {
		return nil
	}
	out := &Content{Key: m[1], List: true}
	for _, f := range looked(text, `\w+"?`) {
		if f.Key != out.Key && !slices.ContainsFunc(own, func(o Field) bool { return o.Key == f.Key }) {
			out.Fields = append(out.Fields, f)
		}
	}
	if len(out.Fields) == 0 {
		return nil
	}
	return out
}

// under is a document, or what lies under a key of it.
func under(called string) string { return called + `\s*(?:->\s*'([^']+)')?` }

// about is a key, with what a text does with its value, which it refers to so.
func about(text, key, so string) Field {
	out := Field{Key: key}
	const before, after = `(?i)(\w+)"?(?:::\w+)?\s*\)?\s*(?:=|<>|!=|i?like)\s*(?:lower\s*)?\(*(?:'[^']*'\s*\|\|\s*)?(?:\w+\.)?`, `(?:\s*\)*\s*::\s*\w+)?\s*\)*\s*=\s*(?:\w+\.)?"?(\w+)`
	for _, form := range []string{before + so, `(?i)` + so + after} {
		for _, m := range regexp.MustCompile(form).FindAllStringSubmatchIndex(text, -1) {
			if name := text[m[2]:m[3]]; !slices.Contains(out.Beside, name) {
				out.Beside = append(out.Beside, name)
			}
			out.Compared = out.Compared || !sets(text[:m[0]])
		}
	}
	return out
}

// clauses are the words that begin one.
var clauses = regexp.MustCompile(`(?i)\b(?:set|where|and|or|on|when|if|case|having|select|values|using)\b`)

// sets reports whether a text ends in a list of what is set.
func sets(text string) bool {
	all := clauses.FindAllString(text, -1)
	return len(all) > 0 && strings.EqualFold(all[len(all)-1], "set")
}
