package gen

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// ofTerms is what some terms, and the functions that they call, say about a column that they
// read: all of their constants, whichever column stands next to them.
func (c *clues) ofTerms(t *model.Table, column int, terms []term) *clue {
	own := &clues{schema: &model.Schema{}, found: map[model.ColumnRef]*clue{}}
	k := own.at(t, column)
	for i := range terms {
		own.read(terms[i].text, []*model.Table{t})
	}
	for i := range terms {
		k.all(terms[i].text)
		for _, token := range sql.Tokens(terms[i].text) {
			if body, ok := c.bodies[token.Text]; ok && token.Kind != sql.Str {
				k.all(body)
			}
		}
	}
	return k
}

// all notes every constant of a text.
func (k *clue) all(text string) {
	tokens := sql.Tokens(text)
	for i := range tokens {
		t := &tokens[i]
		switch {
		case t.Kind == sql.Number:
			k.number(t.Text, i > 0 && tokens[i-1].Text == "-")
		case t.Kind == sql.Str:
			operator, s := operatorBefore(tokens[:i]), t.Text
			if i > 0 && tokens[i-1].End == t.Start && strings.EqualFold(tokens[i-1].Text, "e") { // E'…'
				s = strings.ReplaceAll(s, `\\`, `\`)
			}
			switch {
			case operator == "similar_to_escape":
				note(&k.patterns, fromSimilar(s))
			case regexOperator(operator):
				note(&k.patterns, regexOf(operator, s))
			default:
				note(&k.constants, s)
				if _, err := strconv.Atoi(s); err == nil {
					k.number(s, false)
				}
			}
		}
	}
}

// operatorBefore is what stands before a constant: an operator, or the function that makes a
// pattern of it.
func operatorBefore(tokens []sql.Token) string {
	for i := len(tokens) - 1; i >= 0; i-- {
		t := &tokens[i]
		switch {
		case t.Text == "(" || t.Text == "[" || t.Text == "," || strings.EqualFold(t.Text, "e") || strings.EqualFold(t.Text, "array") || strings.EqualFold(t.Text, "any") || strings.EqualFold(t.Text, "all"), t.Kind == sql.Str, t.Text == "::", strings.EqualFold(t.Text, "text"):
			continue
		case strings.EqualFold(t.Text, "to"): // SIMILAR TO
			return "similar_to_escape"
		}
		return strings.ToLower(t.Text)
	}
	return ""
}

// guesses is values of a type by which a condition may hold, of what its text says. now is what
// the column has: documents keep what is in it.
func (y types) guesses(ty *model.Type, k *clue, now model.Value) []string {
	var out []string
	add := func(list ...string) {
		for _, s := range list {
			out = appendNew(out, s)
		}
	}
	add(k.values(ty, true)...)
	switch shape := y.shapes[ty.Plain]; {
	case ty.Array:
		add(lists(k.constants)...)
	case ty.Base == "json" || ty.Base == "jsonb":
		said := out
		out = merges(now, said)
		add(said...)
	case y.element(ty) != nil:
		add(y.spans(ty, k)...)
	case shape != nil && len(shape.Fields) > 0:
		add(y.fields(shape, k)...)
	case ty.Base == "inet" || ty.Base == "cidr":
		for _, s := range k.constants { // what lies within a network
			address, _, _ := strings.Cut(s, "/")
			add(address)
		}
	case ty.Kind == sql.Text || ty.Base == "citext" || ty.Base == "bpchar" || ty.Base == "name":
		add(k.joined()...)
	case moments[ty.Base] != nil:
		add(moments[ty.Base]...)
	case ty.Kind == sql.Int || ty.Base == "numeric" || ty.Base == "float4" || ty.Base == "float8" || ty.Base == "money":
		add("1000000", "-1000000", "30000", "-1")
	case ty.Base == "interval":
		add("100 years", "-100 years")
	}
	return out
}

// moments are times long ago and far ahead, and those that never come.
var moments = map[string][]string{
	"date":        {"1999-01-01", "2099-06-30", "infinity", "-infinity"},
	"timestamp":   {"1999-01-01 00:00:00", "2099-06-30 00:00:00", "infinity", "-infinity"},
	"timestamptz": {"1999-01-01 00:00:00+00", "2099-06-30 00:00:00+00", "infinity", "-infinity"},
	"time":        {"00:00:00", "06:00:00", "18:00:00"},
}

// lists are arrays of the constants: each by itself, and all.
func lists(constants []string) []string {
	var out, items []string
	for _, s := range constants {
		if !strings.HasPrefix(s, "{") {
			items = append(items, s)
		}
		out = append(out, array(s))
	}
	if len(items) > 1 {
		out = append(out, array(items...))
	}
	return out
}

// merges are documents with what another has as well: first the constants that are documents,
// one by one and all.
func merges(now model.Value, list []string) []string {
	var out []string
	whole := parseDocument(now)
	for _, s := range list {
		more := parseDocument(text(s))
		if one, ok := merged(parseDocument(now), more); ok {
			out = append(out, document(one))
		}
		if all, ok := merged(whole, more); ok {
			whole = all
		}
	}
	if whole != nil {
		out = append(out, document(whole))
	}
	return out
}

// merged is a document with what another one has; false where they are not of one kind.
func merged(a, b any) (any, bool) {
	switch x := b.(type) {
	case map[string]any:
		have, ok := a.(map[string]any)
		if !ok {
			return nil, false
		}
		for key, v := range x {
			if both, ok := merged(have[key], v); ok {
				v = both
			}
			have[key] = v
		}
		return have, true
	case []any:
		have, ok := a.([]any)
		return append(have, x...), ok
	}
	return nil, false
}

// spans are ranges and multiranges: long ago, far ahead, open at an end, empty, and of the
// lengths and at the places that a text names.
func (y types) spans(ty *model.Type, k *clue) []string {
	element := y.element(ty)
	multi := strings.HasSuffix(ty.Base, "multirange")
	if shape := y.shapes[ty.Plain]; shape != nil {
		multi = shape.Multi
	}
	var out []string
	add := func(low, high string) { out = append(out, "["+quoteBound(low)+","+quoteBound(high)+")") }
	var places []string
	if moments[element.Base] != nil {
		add("1999-01-01", "1999-01-02")
		add("2098-01-01", "2099-01-01")
		add("1999-01-01", "2099-01-01")
		add("2020-01-01", "")
		add("", "2020-01-01")
		start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
		for _, n := range k.numbers {
			for _, days := range []int{n, n + 1, n - 1} {
				if days > 0 && days < 36500 {
					add(start.Format(time.DateOnly), start.AddDate(0, 0, days).Format(time.DateOnly))
				}
			}
		}
		places = k.constants
	} else {
		add("0", "1000000")
		add("0", "")
		add("", "0")
		for _, n := range k.numbers {
			places = append(places, strconv.Itoa(n))
			add("0", strconv.Itoa(n))
			add("0", strconv.Itoa(n+1))
			add(strconv.Itoa(n), strconv.Itoa(n+1))
		}
	}
	for _, s := range places {
		add(s, "")
		add("", s)
		out = append(out, "["+quoteBound(s)+","+quoteBound(s)+"]")
	}
	out = append(out, "(,)", "empty")
	if multi {
		for i, s := range out {
			out[i] = "{" + strings.TrimPrefix(s, "empty") + "}"
		}
	}
	return out
}

// mostTogether is up to how many values of a composite type have what the text says in several
// fields.
const mostTogether = 64

// fields are values of a composite type, of which each field has each of its values, and what
// the text says: one field, then all of them, since a condition may ask for several.
func (y types) fields(shape *model.TypeShape, k *clue) []string {
	options := make([][]string, len(shape.Fields))
	plain := make([]string, len(shape.Fields))
	together := [][]string{nil}
	for i := range shape.Fields {
		ty := &shape.Fields[i].Type
		said := k.values(ty, true)
		options[i] = y.parts(ty, append(slices.Clone(said), "a"), 0)
		if ty.Kind != sql.Text {
			if y.valid != nil {
				said = y.valid(ty, said)
			}
			options[i] = append(options[i], said...)
		}
		if len(options[i]) > 0 {
			plain[i] = options[i][0]
		}
		if len(said) == 0 {
			said = plain[i : i+1]
		}
		together = combined(together, said)
	}
	var out []string
	for i := range options {
		for _, s := range options[i] {
			items := append([]string(nil), plain...)
			items[i] = s
			out = append(out, composite(items))
		}
	}
	for _, items := range together {
		out = appendNew(out, composite(items))
	}
	return out
}

// combined is each of some lists with each of some items behind it, but no more than mostTogether.
func combined(lists [][]string, items []string) [][]string {
	var out [][]string
	for _, list := range lists {
		for _, s := range items {
			if len(out) < mostTogether {
				out = append(out, append(slices.Clone(list), s))
			}
		}
	}
	return out
}

// loose is what stands for any text in the expression of a LIKE pattern.
var loose = regexp.MustCompile(`\[a-z\]\{[01],3\}`)

// joined are texts that match two patterns, one at each end, and longer ones.
func (k *clue) joined() []string {
	var out []string
	for _, p := range k.patterns {
		for _, q := range k.patterns {
			if p == q {
				continue
			}
			for _, s := range matches(p, 1) {
				for _, t := range matches(q, 1) {
					out = append(out, s+t)
					for _, n := range k.numbers {
						if n > 0 && n < 200 {
							out = append(out, s+strings.Repeat("m", n)+t)
						}
					}
				}
			}
		}
		for _, n := range k.numbers {
			if n > 0 && n < 200 {
				long := strconv.Itoa(n + 1)
				out = append(out, matches(loose.ReplaceAllString(p, "[a-z]{"+long+","+long+"}"), 1)...)
			}
		}
	}
	return out
}
