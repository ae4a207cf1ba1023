package props_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// The pools of values: small, so that rows, constants and variables meet.
var exprPools = map[sql.Kind][]string{
	sql.Int:  {"0", "1", "2", "7", "-9", "10", "100", "-1"},
	sql.Bool: {"t", "f"},
	sql.UUID: {
		"aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002",
		"bbbbbbbb-0000-4000-8000-000000000001",
	},
	sql.Enum: {"open", "closed", "Odd one"},
	sql.Text: {"ann", "Ann", "ann ", "", "b,\"c\\", "null", "é", "a'b", "{x}"},
	// Times, which are compared with the clock alone.
	sql.Other: {"2019-12-31 23:59:59+00", "2099-06-30 00:00:00+05:30", "0044-03-15 12:00:00+00 BC", "12026-01-01 00:00:00+00", "infinity", "-infinity"},
}

// exprSpelled is other ways to write constants, some of them wrong.
var exprSpelled = map[sql.Kind][]string{
	sql.Int:  {"007", "'7'", "' 7 '", "'+07'", "-9", "'-0'", "3000000000", "'3000000000'", "'x'", "''", "40000", "'40000'"},
	sql.Bool: {"true", "false", "'t'", "'yes'", "'OFF '", "'o'", "' tru'", "'1'", "'of'"},
	sql.UUID: {
		"'AAAAAAAA-0000-4000-8000-000000000001'", "'{aaaaaaaa000040008000000000000002}'",
		"'bbbb-bbbb-0000-4000-8000-0000-0000-0001'", "'bbbbbbbb--0000-4000-8000-000000000001'", "'b'",
	},
	sql.Enum: {"'open'", "'Open'", "'open '"},
	sql.Text: {"'x'", "E'b,\"c\\\\'", "$q$ann$q$"},
}

var exprTypes = map[sql.Kind]string{
	sql.Int: "integer", sql.Bool: "boolean", sql.UUID: "uuid", sql.Enum: "public.state", sql.Text: "text",
}

var exprKinds = []sql.Kind{sql.Int, sql.Bool, sql.UUID, sql.Enum, sql.Text}

// exprGen writes random expressions over the relations t (the base) and m.
type exprGen struct {
	*rand.Rand
	relations []*sql.Relation
	inside    []exprSight // the tables of the sub-selects around
	aliases   int
}

type exprSight struct {
	label    string
	relation *sql.Relation
}

func (g *exprGen) oneIn(n int) bool { return g.IntN(n) == 0 }

func pick[T any](g *exprGen, list []T) T { return list[g.IntN(len(list))] }

func (g *exprGen) kind() sql.Kind { return pick(g, exprKinds) }

// cond writes a condition.
func (g *exprGen) cond(depth int) string {
	if depth <= 0 {
		return pick(g, []func() string{
			func() string { return g.compare(0) },
			func() string { return g.value(sql.Bool, 0) },
			func() string { return g.value(g.kind(), 0) + g.isNot() + " NULL" },
			func() string { return pick(g, []string{"own", "all", "NULL", "true"}) },
		})()
	}
	switch g.IntN(14) {
	case 0, 1:
		return "(" + g.cond(depth-1) + " AND " + g.cond(depth-1) + ")"
	case 2, 3:
		return "(" + g.cond(depth-1) + " OR " + g.cond(depth-1) + ")"
	case 4:
		return "NOT (" + g.cond(depth-1) + ")"
	case 5:
		return "(" + g.cond(depth-1) + ")" + g.isNot() + pick(g, []string{" TRUE", " FALSE", " UNKNOWN", " NULL"})
	case 6:
		k := g.kind()
		return g.value(k, depth-1) + g.isNot() + " DISTINCT FROM " + g.value(k, depth-1)
	case 7:
		return g.in(depth)
	case 8:
		return g.any(depth)
	case 9, 10:
		return "EXISTS (" + g.query(sql.Other, depth-1) + ")"
	case 11:
		k := g.kind()
		return g.value(k, depth-1) + pick(g, []string{" IN (", " NOT IN (", " = ANY (", " <> ALL ("}) + g.query(k, depth-1) + ")"
	default:
		return g.compare(depth - 1)
	}
}

func (g *exprGen) isNot() string { return pick(g, []string{" IS", " IS NOT"}) }

func (g *exprGen) compare(depth int) string {
	k, op := g.kind(), pick(g, []string{"=", "<>", "!="})
	if k == sql.Int {
		op = pick(g, []string{"=", "<>", "<", "<=", ">", ">="})
	}
	if g.oneIn(15) {
		ends, now := pick(g, []string{"ends", "t.ends"}), pick(g, []string{"now()", "current_timestamp"})
		if g.oneIn(2) {
			ends, now = now, ends
		}
		return ends + pick(g, []string{" < ", " <= ", " > ", " >= ", " = ", " <> "}) + now
	}
	if k == sql.Int && g.oneIn(8) {
		return g.value(k, depth) + pick(g, []string{" BETWEEN ", " NOT BETWEEN "}) + g.value(k, depth) + " AND " + g.value(k, depth)
	}
	r := k
	if g.oneIn(60) {
		r = g.kind()
	}
	return g.value(k, depth) + " " + op + " " + g.value(r, depth)
}

func (g *exprGen) in(depth int) string {
	k := g.kind()
	items := make([]string, 1+g.IntN(4))
	for i := range items {
		items[i] = g.value(k, depth-2)
	}
	return g.value(k, depth-1) + pick(g, []string{" IN (", " NOT IN ("}) + strings.Join(items, ", ") + ")"
}

// any writes = ANY and <> ALL over arrays of all forms.
func (g *exprGen) any(depth int) string {
	k := pick(g, []sql.Kind{sql.Int, sql.Text, sql.UUID, sql.Enum})
	left := g.value(k, depth-1) + pick(g, []string{" = ANY (", " <> ALL ("})
	items := make([]string, g.IntN(4))
	switch g.IntN(5) {
	case 0:
		for i := range items {
			items[i] = g.value(k, depth-2)
		}
		return left + "ARRAY[" + strings.Join(items, ", ") + "]::" + exprTypes[k] + "[])"
	case 1:
		for i := range items {
			items[i] = g.value(k, depth-2)
		}
		return left + "ARRAY[" + strings.Join(items, ", ") + "])"
	case 2:
		for i := range items {
			items[i] = pick(g, []string{"NULL", " null ", pick(g, exprPools[k])})
			if items[i] == "null" || strings.ContainsAny(items[i], ",\"\\{}") || strings.TrimSpace(items[i]) == "" {
				items[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(items[i]) + `"`
			}
		}
		text := strings.ReplaceAll("{"+strings.Join(items, ",")+"}", "'", "''")
		return left + "'" + text + "'" + pick(g, []string{"", "::" + exprTypes[k] + "[]"}) + ")"
	case 3:
		return left + "NULL)"
	default:
		if k == sql.Int {
			return left + pick(g, []string{"$ids", "t.nums"}) + ")"
		}
		return g.value(sql.Text, depth-1) + " = ANY (" + pick(g, []string{"$words", "t.tags"}) + ")"
	}
}

// value writes a value of a kind.
func (g *exprGen) value(k sql.Kind, depth int) string {
	switch n := g.IntN(20); {
	case n < 9:
		return g.column(k)
	case n < 12:
		return g.literal(k)
	case n < 14:
		return exprVars[k]
	case n == 14:
		return "NULL"
	case n == 15 && depth > 0:
		return "COALESCE(" + g.value(k, depth-1) + ", " + g.value(k, depth-1) + ")"
	case n == 16:
		return g.literal(k) + "::" + exprTypes[k]
	case n == 17 && k == sql.Text && g.oneIn(2):
		return g.column(g.kind()) + "::text"
	case n == 17 && g.base():
		return g.field(k)
	case n == 18 && k == sql.Int:
		return g.column(k) + "::bigint"
	case n == 19 && k == sql.Bool && depth > 0:
		return "(" + g.cond(depth-1) + ")"
	default:
		return g.column(k)
	}
}

func (g *exprGen) literal(k sql.Kind) string {
	if g.oneIn(12) {
		return pick(g, exprSpelled[k])
	}
	text := pick(g, exprPools[k])
	if k == sql.Int && g.oneIn(2) {
		if text[0] == '-' {
			return "(" + text + ")"
		}
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}

// column writes a column in sight, qualified or not.
func (g *exprGen) column(k sql.Kind) string {
	sights := append([]exprSight{{label: "t", relation: g.relations[0]}}, g.inside...)
	s := pick(g, sights)
	var names []string
	for _, c := range s.relation.Columns {
		if c.Kind == k && !strings.HasSuffix(c.Type, "[]") {
			names = append(names, c.Name)
		}
	}
	if g.oneIn(3) {
		return pick(g, names)
	}
	return s.label + "." + pick(g, names)
}

// query writes a sub-select of one output of the kind; Other is for EXISTS.
func (g *exprGen) query(k sql.Kind, depth int) string {
	outer := slices.Clone(g.inside)
	defer func() { g.inside = outer }()
	var from strings.Builder
	for i := range g.IntN(3) {
		g.aliases++
		s := exprSight{label: fmt.Sprintf("a%d", g.aliases%3), relation: g.relations[1]}
		name := pick(g, []string{"m", "public.m"})
		if g.oneIn(4) {
			s.relation, name = g.relations[0], "t"
		}
		if g.oneIn(3) {
			s.label = strings.TrimPrefix(name, "public.")
		} else {
			name += " " + s.label
		}
		g.inside = append(g.inside, s)
		switch {
		case i == 0:
			from.WriteString(" FROM " + name)
		case g.oneIn(2):
			from.WriteString(", " + name)
		default:
			from.WriteString(" JOIN " + name + " ON " + g.cond(min(1, depth-1)))
		}
	}
	var out string
	if k == sql.Other {
		out = pick(g, []string{"1", "*", "", "NULL"})
		if from.Len() == 0 && out == "*" {
			out = "1"
		}
	} else {
		out = pick(g, []string{"", "DISTINCT "}) + g.value(k, min(1, depth-1))
	}
	where := ""
	if !g.oneIn(6) {
		where = " WHERE " + g.cond(depth-1)
	}
	return "SELECT " + out + from.String() + where
}

// The keys of documents, and the parts of them that hold a value of a kind, where they hold
// anything: another kind would be an error in Postgres.
var exprKeys = []string{"a", "b", "é", "0", "q\"k"}

var exprLeaves = map[sql.Kind]string{sql.Int: "n", sql.Bool: "f", sql.UUID: "u", sql.Enum: "s"}

// document writes JSON, in which some parts have values that the columns have.
func (g *exprGen) document(depth int) string {
	blank := pick(g, []string{"", " ", "\n"})
	switch n := g.IntN(8); {
	case n < 2 || depth <= 0:
		return blank + pick(g, []string{"null", "true", "-7", "1.50", `"ann"`, `""`, `"x\"y\\\u00e9\n"`, `"null"`, `"7"`, "{}", "[ ]"}) + blank
	case n < 4:
		items := make([]string, g.IntN(4))
		for i := range items {
			items[i] = g.document(depth - 1)
		}
		return "[" + strings.Join(items, ",") + blank + "]"
	}
	var items []string
	for _, key := range exprKeys {
		if g.oneIn(2) {
			items = append(items, fmt.Sprintf("%q:%s", key, g.document(depth-1)))
		}
	}
	for _, k := range exprKinds {
		if leaf := exprLeaves[k]; leaf != "" && g.oneIn(2) {
			items = append(items, fmt.Sprintf("%q %s: %q", leaf, blank, pick(g, exprPools[k])))
		}
	}
	g.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	return "{" + blank + strings.Join(items, ", ") + "}"
}

// base reports whether no sub-select hides the documents' table.
func (g *exprGen) base() bool {
	return !slices.ContainsFunc(g.inside, func(s exprSight) bool { return s.label == "t" })
}

// field writes a part of a document, as a value of a kind.
func (g *exprGen) field(k sql.Kind) string {
	doc := pick(g, []string{"doc", "t.doc", "t.raw"})
	for g.oneIn(3) {
		doc += pick(g, []string{" -> 'a'", " -> 'b'", " #> '{a}'", " -> 1", " -> -1", " -> 0"})
	}
	if leaf := exprLeaves[k]; leaf != "" {
		return "(" + doc + pick(g, []string{" ->> '" + leaf + "'", " #>> '{" + leaf + "}'"}) + ")::" + exprTypes[k]
	}
	part := pick(g, []string{
		"->> 'a'", "->> 'é'", "->> '0'", "->> 0", "->> -2", "->> t.small", "->> t.name", "->> NULL", "->> 'q\"k'", "#>> '{}'", "#>> '{a,b}'", "#>> '{a,0}'", "#>> '{b,-1,a}'",
		"#>> '{0}'", "#>> '{a,\" +1\"}'::text[]", "#>> NULL", "#>> '{a,NULL}'", "#>> '{1x}'",
	})
	if g.oneIn(6) {
		return "(" + doc + " " + strings.Replace(part, ">>", ">", 1) + ")::text"
	}
	return "(" + doc + " " + part + ")"
}
