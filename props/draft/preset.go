package draft

import (
	"fmt"
	"regexp"
	"strings"
)

// Text is a file of the schema.
type Text struct{ Name, SQL string }

// sign is something in the files that speaks for surroundings which they do not make.
type sign struct {
	preset string
	uses   *regexp.Regexp
	makes  *regexp.Regexp // in the files: then they need no preset for it
	weight int
}

var signs = []sign{
	{"supabase", regexp.MustCompile(`(?i)\bauth\s*\.\s*(uid|jwt|role|email)\s*\(`), makesSchema("auth"), 3},
	{"supabase", regexp.MustCompile(`(?i)"?\bauth"?\s*\.\s*"?users\b`), makesSchema("auth"), 3},
	{"supabase", regexp.MustCompile(`(?i)\bstorage"?\s*\.\s*"?(objects|buckets)\b`), makesSchema("storage"), 3},
	{"supabase", regexp.MustCompile(`(?i)\bservice_role\b`), makesRole("service_role"), 2},
	{"supabase", regexp.MustCompile(`(?i)\bto\s+"?authenticated\b`), makesRole("authenticated"), 1},
	{"supabase", regexp.MustCompile(`(?i)\bsupabase_realtime\b`), regexp.MustCompile(`(?i)create\s+publication\s+"?supabase_realtime`), 2},
	{"supabase", regexp.MustCompile(`(?i)\bextensions\s*\.\s*\w+\s*\(`), makesSchema("extensions"), 2},
	{"postgrest", regexp.MustCompile(`(?i)\bto\s+"?anon\b`), makesRole("anon"), 1},
	{"postgrest", regexp.MustCompile(`(?i)\bto\s+"?authenticator\b`), makesRole("authenticator"), 2},
}

func makesSchema(name string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)create\s+schema\s+(if\s+not\s+exists\s+)?"?` + name + `\b`)
}

func makesRole(name string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)create\s+(role|user)\s+"?` + name + `\b`)
}

// Guess says which surroundings the files lean on without making them, and where that
// can be seen. It is a guess: that the files load with it is the proof.
func Guess(files []Text) (preset, why string) {
	var all strings.Builder
	for _, f := range files {
		all.WriteString(f.SQL + "\n")
	}
	most := 0
	weights, seen := map[string]int{}, map[string]string{}
	for _, s := range signs {
		if s.makes.MatchString(all.String()) {
			continue
		}
		for _, f := range files {
			at := s.uses.FindStringIndex(f.SQL)
			if at == nil {
				continue
			}
			weights[s.preset] += s.weight
			if seen[s.preset] == "" {
				line := 1 + strings.Count(f.SQL[:at[0]], "\n")
				seen[s.preset] = fmt.Sprintf("%s in %s:%d", strings.Join(strings.Fields(f.SQL[at[0]:at[1]]), " "), f.Name, line)
			}
			break
		}
	}
	preset = "plain"
	for _, name := range []string{"supabase", "postgrest"} {
		if weights[name] > most {
			preset, why, most = name, seen[name], weights[name]
		}
	}
	return preset, why
}

// Brought is the preset that the surroundings in a database's own dump are like.
func Brought(dump string) string {
	if makesSchema("auth").MatchString(dump) && makesSchema("storage").MatchString(dump) && strings.Contains(dump, "auth.uid()") {
		return "supabase"
	}
	return ""
}
