package sql

// Value is one SQL value, as the text that Postgres' output function prints
// for it: "t" and "f" for booleans, decimal digits for integers, lower case
// for uuids. Text is empty when Null is set.
type Value struct {
	Text string
	Null bool
}

// Row is the values of one row in the order of its relation's columns.
type Row = []Value

// Kind says how values of a type may be compared in Go.
type Kind uint8

// The kinds. Text is any type whose equality is equality of bytes: text and
// varchar under a deterministic collation, not bpchar, not citext.
const (
	Other Kind = iota
	Int
	Bool
	UUID
	Enum
	Text
)

// Comparable reports whether equality of the values' texts is SQL's equality.
func (k Kind) Comparable() bool { return k != Other }

// String names the kind for people.
func (k Kind) String() string {
	switch k {
	case Int:
		return "integer"
	case Bool:
		return "boolean"
	case UUID:
		return "uuid"
	case Enum:
		return "enum"
	case Text:
		return "text"
	default:
		return "other"
	}
}

// Tri is a truth value of SQL.
type Tri uint8

// The truth values. A condition lets a row through when it is True.
const (
	False Tri = iota
	True
	Unknown
)

// And is SQL's AND.
func (t Tri) And(u Tri) Tri {
	switch {
	case t == False || u == False:
		return False
	case t == Unknown || u == Unknown:
		return Unknown
	default:
		return True
	}
}

// Or is SQL's OR.
func (t Tri) Or(u Tri) Tri {
	switch {
	case t == True || u == True:
		return True
	case t == Unknown || u == Unknown:
		return Unknown
	default:
		return False
	}
}

// Not is SQL's NOT.
func (t Tri) Not() Tri {
	switch t {
	case True:
		return False
	case False:
		return True
	default:
		return Unknown
	}
}

// String is true, false or unknown.
func (t Tri) String() string {
	switch t {
	case True:
		return "true"
	case False:
		return "false"
	default:
		return "unknown"
	}
}

// Value is the boolean as Postgres prints it; Unknown is NULL.
func (t Tri) Value() Value {
	switch t {
	case True:
		return Value{Text: "t"}
	case False:
		return Value{Text: "f"}
	default:
		return Value{Null: true}
	}
}

func tri(b bool) Tri {
	if b {
		return True
	}
	return False
}

// truth reads a boolean's text.
func truth(v Value) Tri {
	switch {
	case v.Null:
		return Unknown
	case v.Text == "t":
		return True
	default:
		return False
	}
}
