package report

import _ "embed"

//go:embed schema.json
var schemaText []byte

// Schema is the JSON Schema of a [Document], as --json writes it.
func Schema() []byte { return schemaText }
