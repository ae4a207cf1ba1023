package gen

import (
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/brianvoe/gofakeit/v7"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// column knows the values that one column may take.
type column struct {
	how    how
	pool   []model.Value // constants that rows, conditions and arguments share
	null   bool          // may be NULL
	canary bool          // carries a unique token
	cycle  bool          // its values are few and named: rows take them in turn
	length int           // limit in characters; 0 without
}

type how uint8

const (
	fromPool how = iota
	counted      // a key: 1, 2, 3, …
	absent       // never given: generated
	unfit        // a type that cannot be made, NOT NULL
)

var null = model.Value{Null: true}

func text(s string) model.Value { return model.Value{Text: s} }

func texts(list ...string) []model.Value {
	out := make([]model.Value, len(list))
	for i, s := range list {
		out[i] = text(s)
	}
	return out
}

// newColumn plans the values of a column. constants are those that rules compare it with.
func newColumn(t *model.Table, i int, constants []string, generator string) column {
	c := &t.Columns[i]
	out := column{null: !c.NotNull, length: c.Type.Length}
	if c.Generated {
		out.how = absent
		return out
	}
	if model.Contains(t.Key, i) && len(t.Key) == 1 && keyKind(c) {
		out.how = counted
		return out
	}
	for j := range t.Checks {
		if k := &t.Checks[j]; len(k.Values) > 0 && len(k.Columns) == 1 && k.Columns[0] == i {
			out.pool, out.cycle = texts(k.Values...), true
		}
	}
	out.cycle = out.cycle || c.Type.Kind == sql.Enum || c.Type.Kind == sql.Bool
	if out.pool == nil {
		out.pool = typePool(c, generator)
		out.pool = merge(out.pool, constants, c)
	}
	out.cycle = out.cycle && len(out.pool) > 0
	if len(out.pool) == 0 {
		out.how = fromPool
		if c.NotNull {
			out.how = unfit
		} else {
			out.pool = []model.Value{null}
		}
	}
	return out
}

func keyKind(c *model.Column) bool {
	return c.Type.Kind == sql.Int || c.Type.Kind == sql.UUID || c.Type.Kind == sql.Text
}

// merge puts the constants that rules compare with at the front.
func merge(pool []model.Value, constants []string, c *model.Column) []model.Value {
	if c.Type.Kind == sql.Bool || c.Type.Kind == sql.Enum {
		return pool
	}
	var out []model.Value
	seen := map[string]bool{}
	for _, s := range constants {
		if !seen[s] {
			seen[s] = true
			out = append(out, text(s))
		}
	}
	for _, v := range pool {
		if !seen[v.Text] {
			out = append(out, v)
		}
	}
	return out
}

// typePool is a few values of the column's type, in the text that Postgres prints.
func typePool(c *model.Column, generator string) []model.Value {
	ty := &c.Type
	if ty.Array {
		return texts("{}")
	}
	switch ty.Kind {
	case sql.Int:
		return texts("1", "2", "0", "100")
	case sql.Bool:
		return texts("f", "t")
	case sql.UUID:
		return []model.Value{uuid(1), uuid(2), uuid(3)}
	case sql.Enum:
		return texts(ty.Enum...)
	case sql.Text:
		return words(c, generator)
	default:
		return otherPool(c, generator)
	}
}

func otherPool(c *model.Column, generator string) []model.Value {
	switch c.Type.Base {
	case "timestamptz":
		return texts("2024-03-01 12:00:00+00", "2019-12-31 23:59:59+00", "2026-01-15 08:30:00+00")
	case "timestamp":
		return texts("2024-03-01 12:00:00", "2019-12-31 23:59:59", "2026-01-15 08:30:00")
	case "date":
		return texts("2024-03-01", "2019-12-31", "2026-01-15")
	case "time":
		return texts("12:00:00", "23:59:59")
	case "numeric":
		return numerics(c.Type.Name)
	case "float4", "float8":
		return texts("1", "0", "2.5")
	case "json":
		return texts(`{}`, `{"a": 1}`)
	case "jsonb":
		return texts(`{}`, `{"a": 1}`)
	case "inet":
		return texts("10.0.0.1", "10.0.0.2")
	case "bytea":
		return texts(`\x00`, `\x01ff`)
	case "interval":
		return texts("01:00:00", "1 day")
	case "citext", "bpchar", "name":
		return pad(c, words(c, generator))
	}
	return nil
}

func pad(c *model.Column, pool []model.Value) []model.Value {
	if c.Type.Base != "bpchar" || c.Type.Length == 0 {
		return pool
	}
	for i := range pool {
		s := pool[i].Text
		if len(s) < c.Type.Length {
			s += strings.Repeat(" ", c.Type.Length-len(s))
		}
		pool[i] = text(s[:c.Type.Length])
	}
	return pool
}

// numerics prints small numbers with the scale of numeric(p, s).
func numerics(name string) []model.Value {
	scale := 0
	var p int
	if i := strings.IndexByte(name, '('); i >= 0 {
		if n, err := fmt.Sscanf(name[i:], "(%d,%d)", &p, &scale); err != nil && n < 1 {
			scale = 0
		}
	}
	pool := texts("1", "0", "2")
	if scale > 0 {
		for i := range pool {
			pool[i].Text += "." + strings.Repeat("0", scale)
		}
	}
	return pool
}

func uuid(n int) model.Value {
	return text(fmt.Sprintf("00000000-0000-4000-8000-%012x", n))
}

// words makes three values that look real by the column's name.
func words(c *model.Column, generator string) []model.Value {
	h := fnv.New64a()
	h.Write([]byte(c.Name))
	f := gofakeit.New(h.Sum64() | 1)
	name := strings.ToLower(c.Name)
	one := func() string {
		switch {
		case generator != "":
			return named(f, generator)
		case strings.Contains(name, "email"):
			return f.Email()
		case strings.Contains(name, "phone"):
			return f.Phone()
		case strings.Contains(name, "url"):
			return "https://" + f.DomainName() + "/"
		case strings.Contains(name, "number"):
			return fmt.Sprintf("%c-%03d", 'A'+rune(f.IntRange(0, 5)), f.IntRange(1, 999))
		case strings.Contains(name, "slug"):
			return strings.ToLower(f.Word() + "-" + f.Word())
		case name == "name" || strings.HasSuffix(name, "_name"):
			return f.Name()
		case strings.Contains(name, "body") || strings.Contains(name, "note") || strings.Contains(name, "detail") || strings.Contains(name, "description"):
			return f.Phrase()
		}
		return f.Word()
	}
	var pool []model.Value
	for range 3 {
		pool = append(pool, text(limit(one(), c.Type.Length)))
	}
	return pool
}

func named(f *gofakeit.Faker, generator string) string {
	info := gofakeit.GetFuncLookup(generator)
	if info == nil {
		return f.Word()
	}
	v, err := info.Generate(f, gofakeit.NewMapParams(), info)
	if err != nil {
		return f.Word()
	}
	return fmt.Sprint(v)
}

func limit(s string, n int) string {
	if n > 0 && len(s) > n {
		return s[:n]
	}
	return s
}
