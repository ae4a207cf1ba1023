package gen

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// clue is what the schema's texts say about one column: constants that something
// compares it with, expressions that it must match, numbers that it, its length or
// the number of its elements is compared with.
type clue struct {
	constants []string
	patterns  []string
	numbers   []int
	paths     [][]string // of keys in a json document
	leaves    []string   // what these are compared with
}

const mostClues = 32 // of each kind and column

func note(list *[]string, s string) {
	if len(*list) < mostClues && !slices.Contains(*list, s) {
		*list = append(*list, s)
	}
}

// clues reads every text of a schema. A name in a check, a policy or an index means
// the column of its own table; in views and functions one of every table whose name
// is there too.
type clues struct {
	schema *model.Schema
	found  map[model.ColumnRef]*clue
	bodies map[string]string // of functions, by their names without the schema
}

func newClues(s *model.Schema) *clues {
	c := &clues{schema: s, found: map[model.ColumnRef]*clue{}, bodies: map[string]string{}}
	for i := range s.Texts {
		if t := &s.Texts[i]; t.Kind == "function" {
			c.bodies[t.Name[strings.LastIndexByte(t.Name, '.')+1:]] = t.Body
		}
	}
	for _, t := range s.Tables {
		for i := range t.Checks {
			c.read(t.Checks[i].Expr, c.around(t, t.Checks[i].Expr))
			c.borrow(t, &t.Checks[i])
		}
		for _, b := range t.Bounds {
			c.read(b, []*model.Table{t})
		}
		for i := range t.Policies {
			for _, text := range []string{t.Policies[i].Using, t.Policies[i].Check} {
				c.read(text, c.around(t, text))
			}
		}
	}
	for i := range s.Texts {
		c.read(s.Texts[i].Body, c.around(nil, s.Texts[i].Name+" "+s.Texts[i].Body))
	}
	return c
}

// domainClue is what the checks of a domain say about its values.
func domainClue(shape *model.TypeShape) *clue {
	value := &model.Table{Name: "VALUE", Columns: []model.Column{{Name: "VALUE"}}}
	c := &clues{schema: &model.Schema{}, found: map[model.ColumnRef]*clue{}}
	for _, text := range shape.Checks {
		c.read(text, []*model.Table{value})
	}
	return c.at(value, 0)
}

// around is the tables that a text may be about: its own first, then those it names.
func (c *clues) around(own *model.Table, text string) []*model.Table {
	var out []*model.Table
	if own != nil {
		out = append(out, own)
	}
	names := map[string]bool{}
	for _, t := range sql.Tokens(text) {
		if t.Kind == sql.Word || t.Kind == sql.QuotedName {
			names[t.Text] = true
		}
	}
	for _, t := range c.schema.Tables {
		if t != own && names[t.Name] {
			out = append(out, t)
		}
	}
	return out
}

// borrow gives the columns of a check the constants of the functions that it calls.
func (c *clues) borrow(t *model.Table, check *model.Check) {
	for _, token := range sql.Tokens(check.Expr) {
		body, ok := c.bodies[token.Text]
		if !ok || token.Kind != sql.Word && token.Kind != sql.QuotedName {
			continue
		}
		tokens := sql.Tokens(body)
		for i := range tokens {
			for _, col := range check.Columns {
				k := c.at(t, col)
				switch {
				case tokens[i].Kind == sql.Str && i > 0 && regexOperator(tokens[i-1].Text):
					note(&k.patterns, regexOf(tokens[i-1].Text, tokens[i].Text))
				case tokens[i].Kind == sql.Str:
					note(&k.constants, tokens[i].Text)
				case tokens[i].Kind == sql.Number:
					k.number(tokens[i].Text, false)
				}
			}
		}
	}
}

func (c *clues) at(t *model.Table, column int) *clue {
	ref := model.ColumnRef{Table: t.ID, Column: column}
	if c.found[ref] == nil {
		c.found[ref] = &clue{}
	}
	return c.found[ref]
}

func (k *clue) number(text string, negative bool) {
	n, err := strconv.Atoi(text)
	if err != nil {
		note(&k.constants, text)
		return
	}
	if negative {
		n = -n
	}
	if len(k.numbers) < mostClues && !slices.Contains(k.numbers, n) {
		k.numbers = append(k.numbers, n)
	}
}

func regexOperator(s string) bool {
	switch s {
	case "~", "~*", "!~", "!~*", "~~", "~~*", "!~~", "!~~*":
		return true
	}
	return strings.EqualFold(s, "like") || strings.EqualFold(s, "ilike")
}

func regexOf(operator, pattern string) string {
	if strings.HasSuffix(strings.TrimSuffix(operator, "*"), "~~") || strings.Contains(strings.ToLower(operator), "like") {
		return fromLike(pattern)
	}
	return pattern
}

// read finds the constants of a text, each with the column that is nearest before
// it, or right behind the operator that follows it.
func (c *clues) read(text string, tables []*model.Table) {
	if text == "" || len(tables) == 0 {
		return
	}
	r := reading{clues: c, tables: tables, tokens: sql.Tokens(text)}
	for i := range r.tokens {
		if k := r.tokens[i].Kind; k == sql.Str || k == sql.Number {
			r.constant(i)
		}
	}
}

// reading is one text being read.
type reading struct {
	*clues
	tables []*model.Table
	tokens []sql.Token
}

// ends are the words behind which an expression is another one.
var ends = []string{"and", "or", "then", "when", "else", "end", "select", "from", "where", "set", "values", "return", "raise", "if", "begin", "into", "on", "order", "group", "limit"}

// constant notes one constant, with the nearest column before it in its expression.
func (r *reading) constant(i int) {
	c := comparison{}
	for j := i - 1; j >= 0 && j > i-120; j-- {
		t := &r.tokens[j]
		if t.Kind == sql.Sign {
			if t.Text == ";" {
				return
			}
			r.operator(&c, i, j)
			continue
		}
		if t.Kind != sql.Word && t.Kind != sql.QuotedName {
			continue
		}
		switch word := strings.ToLower(t.Text); {
		case t.Kind == sql.Word && slices.Contains(ends, word):
			r.behind(i)
			return
		case word == "similar_to_escape":
			c.operator = "similar"
			continue
		case c.operator == "" && (word == "like" || word == "ilike" || word == "in"):
			c.operator = word
		}
		if j > 0 && r.tokens[j-1].Text == "::" || j+1 < len(r.tokens) && r.tokens[j+1].Text == "(" {
			continue // a type, a function
		}
		negative := r.tokens[i-1].Text == "-"
		if r.about(t.Text, func(k *clue, ty *model.Type) { k.take(&r.tokens[i], negative, c, ty) }) {
			return
		}
	}
	r.behind(i)
}

// comparison is what stands between a column and a constant.
type comparison struct {
	operator string
	path     []string // of keys in a document
}

// operator notes the sign at j, before the constant at i.
func (r *reading) operator(c *comparison, i, j int) {
	switch t := r.tokens[j].Text; {
	case t == "->" || t == "->>" || t == "#>>" || t == "#>":
		if r.tokens[j+1].Kind == sql.Str {
			c.path = append([]string{r.tokens[j+1].Text}, c.path...)
		}
		if c.operator == "" && j+1 == i {
			c.operator = t
		}
	case c.operator == "" && strings.ContainsAny(t, "=<>~@?&|+-*/"):
		c.operator = t
	}
}

// behind notes a constant that stands before its column: 'x' = ANY (roles).
func (r *reading) behind(i int) {
	operator := ""
	for j := i + 1; j < len(r.tokens) && j < i+10; j++ {
		t := &r.tokens[j]
		switch {
		case t.Kind == sql.Sign && operator == "" && strings.ContainsAny(t.Text, "=<>~@?"):
			operator = t.Text
		case t.Kind == sql.Word && slices.Contains(ends, strings.ToLower(t.Text)), t.Kind == sql.Sign && t.Text == ";":
			return
		case t.Kind == sql.Word || t.Kind == sql.QuotedName:
			if operator == "" || r.tokens[j-1].Text == "::" {
				continue
			}
			if r.about(t.Text, func(k *clue, ty *model.Type) { k.take(&r.tokens[i], false, comparison{operator: operator}, ty) }) {
				return
			}
		}
	}
}

// about calls do for each column of that name; false when there is none.
func (r *reading) about(name string, do func(*clue, *model.Type)) bool {
	found := false
	for _, t := range r.tables {
		if i := t.Column(name); i >= 0 {
			do(r.at(t, i), &t.Columns[i].Type)
			found = true
		}
	}
	return found
}

// take notes a constant, by what compares it.
func (k *clue) take(t *sql.Token, negative bool, c comparison, ty *model.Type) {
	operator, path := c.operator, c.path
	document := ty.Base == "json" || ty.Base == "jsonb"
	switch {
	case document && len(path) > 0:
		switch {
		case regexOperator(operator):
			for _, s := range matches(regexOf(operator, t.Text), 2) {
				note(&k.leaves, s)
			}
		case path[len(path)-1] != t.Text || operator != "->>" && operator != "->":
			note(&k.leaves, t.Text)
		}
		if !slices.ContainsFunc(k.paths, func(p []string) bool { return slices.Equal(p, path) }) && len(k.paths) < mostClues {
			k.paths = append(k.paths, path)
		}
	case document && strings.HasPrefix(operator, "?"):
		if !slices.ContainsFunc(k.paths, func(p []string) bool { return slices.Equal(p, []string{t.Text}) }) {
			k.paths = append(k.paths, []string{t.Text})
		}
	case t.Kind == sql.Number:
		k.number(t.Text, negative)
	case operator == "similar":
		note(&k.patterns, fromSimilar(t.Text))
	case regexOperator(operator):
		note(&k.patterns, regexOf(operator, t.Text))
	default:
		note(&k.constants, t.Text)
	}
}

// documents are json documents with the keys that the texts read.
func (k *clue) documents() []string {
	var out []string
	leaves := append(append([]string(nil), k.leaves...), "a", "b", "true")
	whole := map[string]any{}
	for _, p := range k.paths {
		keys := p
		if len(p) == 1 && strings.HasPrefix(p[0], "{") { // the path of #>>
			keys = strings.Split(strings.Trim(p[0], "{}"), ",")
		}
		put(whole, keys, leaves[0])
		for _, leaf := range leaves {
			one := map[string]any{}
			put(one, keys, leaf)
			if text, err := json.Marshal(one); err == nil {
				note(&out, string(text))
			}
		}
	}
	if len(k.paths) > 1 {
		for _, leaf := range leaves {
			all := map[string]any{}
			for _, p := range k.paths {
				put(all, p, leaf)
			}
			if text, err := json.Marshal(all); err == nil {
				note(&out, string(text))
			}
		}
	}
	return out
}

var bare = regexp.MustCompile(`^-?[0-9]{1,9}$`)

// put sets what lies at a path of keys; a number stays one.
func put(doc map[string]any, keys []string, leaf string) {
	for i, key := range keys {
		if i == len(keys)-1 {
			switch {
			case leaf == "true" || leaf == "false" || bare.MatchString(leaf):
				doc[key] = json.RawMessage(leaf)
			default:
				doc[key] = leaf
			}
			return
		}
		next, ok := doc[key].(map[string]any)
		if !ok {
			next = map[string]any{}
			doc[key] = next
		}
		doc = next
	}
}

// values turns a clue into candidates for a column: the constants first.
func (k *clue) values(ty *model.Type, fit bool) []string {
	if k == nil {
		return nil
	}
	var out []string
	switch {
	case ty.Base == "json" || ty.Base == "jsonb":
		out = k.documents()
		for _, s := range k.constants {
			if json.Valid([]byte(s)) {
				note(&out, s)
			}
		}
		return out
	case ty.Array:
		for _, s := range k.constants {
			if strings.HasPrefix(s, "{") {
				note(&out, s)
			} else {
				note(&out, array(s))
			}
		}
		return out
	}
	for _, s := range k.constants {
		note(&out, s)
	}
	if !fit { // the rest is only for columns that a constraint reads
		return out
	}
	for _, p := range k.patterns {
		for _, s := range matches(p, 6) {
			note(&out, s)
		}
	}
	for _, s := range days(ty, k.constants) {
		note(&out, s)
	}
	return append(out, k.measured(ty)...)
}

// limits is the numbers that the texts compare a column with, and those on both sides of them.
func (k *clue) limits(ty *model.Type) []string {
	if k == nil || ty.Array || ty.Kind != sql.Int && ty.Base != "numeric" && ty.Base != "float4" && ty.Base != "float8" {
		return nil
	}
	return k.measured(ty)
}

// days is the days on both sides of those that the texts name: bounds leave one out.
func days(ty *model.Type, list []string) []string {
	if ty.Base != "date" && ty.Base != "timestamp" && ty.Base != "timestamptz" {
		return nil
	}
	var out []string
	for _, s := range list {
		if len(s) < len(time.DateOnly) {
			continue
		}
		if day, err := time.Parse(time.DateOnly, s[:len(time.DateOnly)]); err == nil {
			out = append(out, day.AddDate(0, 0, -1).Format(time.DateOnly), day.AddDate(0, 0, 1).Format(time.DateOnly))
		}
	}
	return out
}

// measured makes values of the sizes that the texts name.
func (k *clue) measured(ty *model.Type) []string {
	var out []string
	for _, n := range k.numbers {
		for _, m := range []int{n, n + 1, n - 1} {
			switch {
			case ty.Kind == sql.Int || ty.Base == "numeric" || ty.Base == "float4" || ty.Base == "float8" || ty.Base == "money":
				note(&out, strconv.Itoa(m))
			case m < 0 || m > 4096:
			case ty.Base == "bytea":
				note(&out, `\x`+strings.Repeat("01", m))
				note(&out, `\x`+strings.Repeat("02", m))
			case ty.Kind == sql.Text || ty.Base == "citext" || ty.Base == "bpchar":
				note(&out, strings.Repeat("abcdefghij", m/10+1)[:m])
				note(&out, strings.Repeat("klmnopqrst", m/10+1)[:m])
			}
		}
	}
	return out
}
