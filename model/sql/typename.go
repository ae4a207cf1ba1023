package sql

import "strings"

// formatted maps a type's other names to the one that format_type prints.
var formatted = map[string]string{
	"int": "integer", "int4": "integer", "int2": "smallint", "int8": "bigint", "bool": "boolean",
	"varchar": "character varying", "char": "character", "decimal": "numeric",
	"float4": "real", "float8": "double precision", "float": "double precision",
	"timestamptz": "timestamp with time zone", "timestamp": "timestamp without time zone",
	"timetz": "time with time zone", "time": "time without time zone",
}

// formatType normalises a type's name as the grammar prints it.
func formatType(s string) string {
	dims := 0
	for strings.HasSuffix(s, "[]") {
		s, dims = s[:len(s)-2], dims+1
	}
	if strings.HasPrefix(s, "time") || strings.HasPrefix(s, "interval") {
		s = strings.Replace(s, " (", "(", 1)
	}
	name, mod := s, ""
	if i := strings.IndexByte(s, '('); i >= 0 && strings.HasSuffix(s, ")") {
		name, mod = s[:i], s[i:]
	}
	name = strings.TrimPrefix(name, "pg_catalog.")
	if f, ok := formatted[name]; ok {
		first, rest, _ := strings.Cut(f, " ")
		if strings.HasPrefix(first, "time") && mod != "" {
			f, mod = first+mod+" "+rest, ""
		}
		name = f
	}
	if dims > 0 {
		mod += "[]"
	}
	return name + mod
}

// builtin is the kind of a built-in type; Other for the rest.
func builtin(typ string) Kind {
	switch typ {
	case "smallint", "integer", "bigint":
		return Int
	case "boolean":
		return Bool
	case "uuid":
		return UUID
	case "text", "character varying":
		return Text
	default:
		return Other
	}
}

// isArray reports whether the type is an array.
func isArray(typ string) bool { return strings.HasSuffix(typ, "[]") }

// width orders the integer types; 8 for a type that is not known by name.
func width(typ string) int {
	switch typ {
	case "smallint":
		return 2
	case "integer":
		return 4
	default:
		return 8
	}
}

// sameType compares two names of types, of which one may lack its schema.
func sameType(a, b string) bool {
	return a == b || strings.HasSuffix(a, "."+b) || strings.HasSuffix(b, "."+a)
}
