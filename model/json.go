package model

import (
	"encoding/json"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// jsonValue writes a value as JSON: integers and booleans bare, NULL as null, the rest as a string.
func jsonValue(k Kind, v Value) string {
	switch {
	case v.Null:
		return "null"
	case k == sql.Int:
		return v.Text
	case k == sql.Bool:
		if v.Text == "t" {
			return "true"
		}
		return "false"
	}
	b, err := json.Marshal(v.Text)
	if err != nil {
		return "null" // a string always marshals
	}
	return string(b)
}
