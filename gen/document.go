package gen

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// number is a number in a document, as it is written.
type number = json.Number

// parseDocument reads JSON, with numbers as they are written; nil for NULL.
func parseDocument(v model.Value) any {
	if v.Null {
		return nil
	}
	var out any
	d := json.NewDecoder(strings.NewReader(v.Text))
	d.UseNumber()
	if d.Decode(&out) != nil {
		return nil
	}
	return out
}

// within is a document with a leaf under keys; without it, when the leaf is nil. What is no
// object on the way becomes one.
func within(doc any, keys []string, leaf any) any {
	object, _ := doc.(map[string]any)
	if object == nil {
		object = map[string]any{}
	}
	switch {
	case len(keys) > 1:
		object[keys[0]] = within(object[keys[0]], keys[1:], leaf)
	case leaf == nil:
		delete(object, keys[0])
	default:
		object[keys[0]] = leaf
	}
	return object
}

// binaryDocument prints a document as Postgres prints jsonb: short keys first, then by bytes.
func binaryDocument(doc any) string {
	switch x := doc.(type) {
	case map[string]any:
		keys := make([]string, 0, len(x))
		for key := range x {
			keys = append(keys, key)
		}
		slices.SortFunc(keys, func(a, b string) int {
			return cmp.Or(len(a)-len(b), strings.Compare(a, b))
		})
		items := make([]string, len(keys))
		for i, key := range keys {
			items[i] = stringJSON(key) + ": " + binaryDocument(x[key])
		}
		return "{" + strings.Join(items, ", ") + "}"
	case []any:
		items := make([]string, len(x))
		for i := range x {
			items[i] = binaryDocument(x[i])
		}
		return "[" + strings.Join(items, ", ") + "]"
	case string:
		return stringJSON(x)
	}
	return document(doc)
}

// document prints a document as JSON.
func document(doc any) string {
	out, err := json.Marshal(doc)
	if err != nil {
		return "{}" // it was read from JSON
	}
	return string(out)
}

// stringJSON writes a string of a document as Postgres does.
func stringJSON(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r >= ' ':
			b.WriteRune(r)
		default:
			if i := strings.IndexRune("\b\f\n\r\t", r); i >= 0 {
				b.WriteString([]string{`\b`, `\f`, `\n`, `\r`, `\t`}[i])
			} else {
				fmt.Fprintf(&b, `\u%04x`, r)
			}
		}
	}
	b.WriteByte('"')
	return b.String()
}
