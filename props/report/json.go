package report

import (
	"encoding/json"
	"io"
)

// JSON writes the document.
func (d *Document) JSON(w io.Writer) error {
	return encode(w, d)
}

// encode writes a value as indented JSON.
func encode(w io.Writer, value any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(value)
}
