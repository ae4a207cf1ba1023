package gen

// Variant is a way in which a second world differs from the first: only in rows that
// the observing session may not see, or in columns of others that it may not see.
type Variant uint8

// The variants, in the order in which a difference is explained.
const (
	Remove   Variant = iota // hidden rows are gone
	Change                  // their columns have other values
	Multiply                // there are copies of them, up to eight
	Half                    // some are gone, some are twice there
	Rekey                   // their unique columns have other values
	Columns                 // the hidden columns of visible rows have other values
	Mixed                   // all that adds and changes at once: whether to look at each
)

// Variants lists those that explain a difference.
var Variants = []Variant{Remove, Change, Multiply, Half, Rekey, Columns}

func (v Variant) String() string {
	return [...]string{"removed", "changed", "multiplied", "halved", "re-keyed", "hidden columns changed", "changed in every way"}[v]
}

// copies is how many copies Multiply makes of a row at most.
const copies = 8
