package script

import (
	"embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed preset/*.sql
var presets embed.FS

// presetSchemas are the schemas of each preset's own, not of the user's.
var presetSchemas = map[string][]string{
	"plain":     nil,
	"postgrest": nil,
	"supabase":  {"auth", "extensions", "graphql", "graphql_public", "realtime", "storage", "vault"},
}

// Preset is the surroundings that some files expect, as a script to run before
// them, and the schemas which belong to it: plain (nothing; also "") | supabase
// (its roles, auth, storage and default privileges) | postgrest (anon and
// authenticator).
func Preset(name string) (*Script, []string, error) {
	if name == "" {
		name = "plain"
	}
	schemas, ok := presetSchemas[name]
	if !ok {
		return nil, nil, fmt.Errorf("find preset %q: there are only plain, supabase and postgrest", name)
	}
	var text strings.Builder
	if name != "plain" {
		b, err := presets.ReadFile("preset/" + name + ".sql")
		if err != nil {
			return nil, nil, fmt.Errorf("read preset %q: %w", name, err)
		}
		text.Write(b)
	}
	s, err := Parse(ofPreset+name, text.String(), Options{})
	if err != nil {
		return nil, nil, err
	}
	return s, slices.Clone(schemas), nil
}

// ofPreset begins the name of the file that the statements of a preset stand in.
const ofPreset = "preset "

// Preset reports whether a statement is a preset's, and so not of the user's files.
func (s *Statement) Preset() bool {
	name, ok := strings.CutPrefix(s.File, ofPreset)
	_, known := presetSchemas[name]
	return ok && known
}
