package draft

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// document is SQL for the i-th argument of a function where that is a JSON document, such as a
// webhook's or an import's: an object with the keys that the function's text looks up, or a list of one
// where the text goes through its elements. Each value is a further argument of the path, which are given
// too; given is how many the path has already. It is empty for other arguments, and where the text looks
// up no key.
func (b *binder) document(f *Function, i, given int) (string, []string) {
	a := f.Args[i]
	if a.Type != "json" && a.Type != "jsonb" {
		return "", nil
	}
	var args []string
	object := func(fields []field) string {
		var pairs []string
		for _, k := range fields {
			value := k.inner
			if value == "" {
				args = append(args, b.part(f, k.key, k.beside))
				value = fmt.Sprintf("$%d::text", given+len(args))
			}
			pairs = append(pairs, sql.Constant(k.key)+", "+value)
		}
		return "pg_catalog." + a.Type + "_build_object(" + strings.Join(pairs, ", ") + ")"
	}
	fields, content := f.fields(i), f.content(i)
	if content == nil {
		if len(fields) == 0 {
			return "", nil
		}
		return object(fields), args
	}
	inner := object(content.fields)
	if content.list {
		inner = "pg_catalog." + a.Type + "_build_array(" + inner + ")"
	}
	if content.key == "" {
		return inner, args
	}
	return object(append(fields, field{key: content.key, inner: inner})), args
}

// field is a key of a document, with the names that its value is compared with; or with SQL for its value.
type field struct {
	key    string
	beside []string
	inner  string
}

// called is how the text of a function names its i-th argument, as a regular expression.
func (f *Function) called(i int) string {
	name := `(?:\$` + strconv.Itoa(i+1) + `\b`
	if n := f.Args[i].Name; n != "" {
		name += `|\b` + regexp.QuoteMeta(n) + `"?`
	}
	return name + `)`
}

// looked is the keys that a text looks up in what has some name.
func (f *Function) looked(name string) []field {
	var out []field
	for _, key := range named(regexp.MustCompile(`(?i)`+name+`\s*->>\s*'([^']+)'`), f.Body) {
		beside := named(regexp.MustCompile(`(?i)(\w+)"?\s*=\s*\(*(?:\w+\.)?`+name+`\s*->>\s*'`+regexp.QuoteMeta(key)+`'`), f.Body)
		out = append(out, field{key: key, beside: beside})
	}
	return out
}

// fields is the keys that a function looks up in its i-th argument.
func (f *Function) fields(i int) []field { return f.looked(f.called(i)) }

// content is what a function reads of the elements of a document, or of a record that it makes of it.
type content struct {
	key    string // under which they are; empty: the document itself
	list   bool
	fields []field
}

// content finds it; nil where the function reads nothing of that kind.
func (f *Function) content(i int) *content {
	name := f.called(i)
	under := name + `\s*(?:->\s*'([^']+)')?`
	record := regexp.MustCompile(`(?is)jsonb?_to_record(set)?\s*\(\s*` + under + `[^()]*\)\s*(?:as\s+)?\w+\s*\(((?:[^()]|\([^()]*\))*)\)`)
	if m := record.FindStringSubmatch(f.Body); m != nil {
		out := &content{key: m[2], list: m[1] != ""}
		for _, column := range strings.Split(regexp.MustCompile(`\([^()]*\)`).ReplaceAllString(m[3], ""), ",") {
			if words := strings.Fields(column); len(words) > 1 {
				out.fields = append(out.fields, field{key: strings.Trim(words[0], `"`)})
			}
		}
		return out
	}
	elements := regexp.MustCompile(`(?is)jsonb?_array_elements\s*\([^;]{0,100}?` + under)
	if m := elements.FindStringSubmatch(f.Body); m != nil {
		out := &content{key: m[1], list: true}
		for _, k := range f.looked(`\w+"?`) {
			if !slices.ContainsFunc(f.fields(i), func(o field) bool { return o.key == k.key }) {
				out.fields = append(out.fields, k)
			}
		}
		if len(out.fields) > 0 {
			return out
		}
	}
	return nil
}

// part is where the value of a key is drawn from: the column that it is compared with, or that
// has its name, else a text that the function may search. beside is the names that the function
// compares it with.
func (b *binder) part(f *Function, key string, beside []string) string {
	a := Arg{Name: key, Type: "text"}
	scalar := func(t *model.Type) bool { return !t.Array && t.Kind.Comparable() }
	single := func(t *model.Type) bool { return !t.Array } // a number, a time
	for _, fits := range []func(*model.Type) bool{scalar, single} {
		if c, rank := b.nearest(f, a, beside, fits); rank >= sameName {
			return c.place()
		}
	}
	arg, _ := b.argument(f, a, beside)
	return arg
}
