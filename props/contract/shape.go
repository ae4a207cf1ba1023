package contract

import "github.com/google/jsonschema-go/jsonschema"

// shape is a mapping with known keys. The reader and the JSON Schema both follow it.
type shape struct {
	name   string // in messages
	doc    string
	fields []field
	least  int                         // keys that there must be at least, of whatever name
	also   func() []*jsonschema.Schema // what keys ask of each other
}

// field is one key of a shape.
type field struct {
	name, doc string
	schema    func() *jsonschema.Schema
	required  bool
}

func (s *shape) names() []string {
	out := make([]string, len(s.fields))
	for i, f := range s.fields {
		out[i] = f.name
	}
	return out
}

func (s *shape) field(name string) *field {
	for i := range s.fields {
		if s.fields[i].name == name {
			return &s.fields[i]
		}
	}
	return nil
}

// schema is the shape as a JSON Schema that knows no other keys.
func (s *shape) schema() *jsonschema.Schema {
	out := &jsonschema.Schema{
		Type: "object", Description: s.doc, Properties: map[string]*jsonschema.Schema{},
		AdditionalProperties: never(), PropertyOrder: s.names(),
	}
	for _, f := range s.fields {
		p := f.schema()
		if p.Description == "" {
			p.Description = f.doc
		}
		out.Properties[f.name] = p
		if f.required {
			out.Required = append(out.Required, f.name)
		}
	}
	if s.also != nil {
		out.AllOf = s.also()
	}
	if s.least > 0 {
		out.MinProperties = jsonschema.Ptr(s.least)
	}
	return out
}

func never() *jsonschema.Schema { return &jsonschema.Schema{Not: &jsonschema.Schema{}} }

// The pieces of the schema.

func aText() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: `\S`}
}

func aScalar() *jsonschema.Schema {
	return &jsonschema.Schema{Types: []string{"string", "number", "boolean"}, Pattern: `\S`}
}

func one(names ...string) func() *jsonschema.Schema {
	return func() *jsonschema.Schema {
		out := &jsonschema.Schema{Type: "string"}
		for _, name := range names {
			out.Enum = append(out.Enum, name)
		}
		return out
	}
}

// needs is a mapping with all of the keys.
func needs(keys ...string) *jsonschema.Schema { return &jsonschema.Schema{Required: keys} }

// anyOf is a mapping with one of the keys at least.
func anyOf(keys ...string) *jsonschema.Schema {
	out := &jsonschema.Schema{}
	for _, key := range keys {
		out.AnyOf = append(out.AnyOf, needs(key))
	}
	return out
}

// oneKey is a mapping with exactly one of the keys.
func oneKey(keys ...string) *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: anyOf(keys...).AnyOf}
}

func not(s *jsonschema.Schema) *jsonschema.Schema { return &jsonschema.Schema{Not: s} }

func pattern(p string) func() *jsonschema.Schema {
	return func() *jsonschema.Schema { return &jsonschema.Schema{Type: "string", Pattern: p} }
}

func listOf(item func() *jsonschema.Schema) func() *jsonschema.Schema {
	return func() *jsonschema.Schema { return &jsonschema.Schema{Type: "array", Items: item()} }
}

func mapOf(item func() *jsonschema.Schema) func() *jsonschema.Schema {
	return func() *jsonschema.Schema {
		return &jsonschema.Schema{Type: "object", AdditionalProperties: item()}
	}
}

// someOf is mapOf with one entry at least.
func someOf(item func() *jsonschema.Schema) func() *jsonschema.Schema {
	return func() *jsonschema.Schema {
		out := mapOf(item)()
		out.MinProperties = jsonschema.Ptr(1)
		return out
	}
}

func either(forms ...func() *jsonschema.Schema) func() *jsonschema.Schema {
	return func() *jsonschema.Schema {
		out := &jsonschema.Schema{}
		for _, f := range forms {
			out.AnyOf = append(out.AnyOf, f())
		}
		return out
	}
}

func of(s *shape) func() *jsonschema.Schema { return s.schema }

var (
	texts   = either(aText, listOf(aText))
	scalars = either(aScalar, listOf(aScalar))
)

// JSONSchema is the format as a JSON Schema. It knows what can be told from the
// text alone: keys, kinds of values and fixed words; names of tables, columns and
// roles, and SQL, are judged by Resolve.
func JSONSchema() *jsonschema.Schema {
	out := contractShape.schema()
	out.Schema = "https://json-schema.org/draft/2020-12/schema"
	out.Title = "rlsfuzz.yaml"
	return out
}
