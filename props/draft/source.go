package draft

import (
	"regexp"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// Source is where an expression of a policy takes a value from that the session
// brings: a setting, a claim inside of one that holds JSON, the name of the role, or
// a row that a setting points at.
type Source struct {
	Setting string   // its name; empty for the role
	Path    []string // keys to the value in the JSON that the setting holds; nil: the whole text
	Many    bool     // the claim is a JSON array of values
	Keys    bool     // the claim is a JSON object whose keys are the values
	Behind  string   // what stands behind such a key
	Array   bool     // the text is a Postgres array of values
	Lookup  *Lookup  // the value stands in a row that the setting names
}

// Lookup is a table behind a setting, such as sessions behind the claim session_id.
type Lookup struct {
	Key, Value Column // the column that the setting names, the column with the value
}

// jwtClaims is PostgREST's setting; claims: in a contract sets it.
const jwtClaims = "request.jwt.claims"

// legacyClaim is the prefix of its older settings, one for each claim.
const legacyClaim = "request.jwt.claim."

// Role reports whether the source is the role's name.
func (s *Source) Role() bool { return s.Setting == "" }

// Claim reports whether claims: in a contract sets it, and its path there.
func (s *Source) Claim() ([]string, bool) {
	switch {
	case s.Setting == jwtClaims && len(s.Path) > 0:
		return s.Path, true
	case s.Path == nil && strings.HasPrefix(s.Setting, legacyClaim):
		return []string{strings.TrimPrefix(s.Setting, legacyClaim)}, true
	}
	return nil, false
}

// place identifies where a source stands in what the session brings: its setting and path.
func (s *Source) place() string { return s.Setting + "\x00" + strings.Join(s.Path, "\x00") }

// same reports whether two sources bring the same value.
func (s *Source) same(o *Source) bool {
	switch {
	case s.String() != o.String(), (s.Lookup == nil) != (o.Lookup == nil):
		return false
	}
	return s.Lookup == nil || *s.Lookup == *o.Lookup
}

// String names the source for people, and tells it from others.
func (s *Source) String() string {
	out := "setting " + s.Setting
	if path, ok := s.Claim(); ok {
		out = "claim " + strings.Join(path, ".")
	} else if s.Role() {
		out = "current_user"
	} else if len(s.Path) > 0 {
		out += ", key " + strings.Join(s.Path, ".")
	}
	switch {
	case s.Many:
		out += " (a list)"
	case s.Keys:
		out += " (the keys of an object)"
	case s.Array:
		out += " (an array)"
	}
	return out
}

// metadata is the claim of Supabase's tokens that users write themselves.
const metadata = "user_metadata"

// selfWritten is the path of a claim that users of Supabase write themselves, so that it may say
// what is not true; ok is false for other sources.
func (s *Source) selfWritten() (path []string, ok bool) {
	path, claim := s.Claim()
	return path, claim && len(path) > 1 && path[0] == metadata
}

// put writes one value into claims where the source has it.
func (s *Source) put(c *claims, path []string, value string) {
	switch value = s.text(value); {
	case s.Keys:
		c.set(append(slices.Clone(path), value), s.Behind, false)
	default:
		c.set(path, value, s.Many)
	}
}

// something stands behind a key where nothing more is asked of it.
const something = "true"

// text is what a session writes there for one value.
func (s *Source) text(value string) string {
	if s.Array {
		return "{" + value + "}"
	}
	return value
}

// What texts of SQL read of a session: settings, keys of JSON in them, calls, the role's name.
var (
	settingName = regexp.MustCompile(`(?i)current_setting\s*\(\s*'([^']+)'`)
	textLiteral = regexp.MustCompile(`'((?:[^']|'')*)'`)
	claimName   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_:/.-]*$`)
	jsonStep    = `\s*\)*\s*->>?\s*'([^']+)'(?:::text)?`
	jsonPath    = regexp.MustCompile(`(?:` + jsonStep + `)+`)
	oneStep     = regexp.MustCompile(jsonStep)
	keyOfJSON   = regexp.MustCompile(`((?:` + jsonStep + `)*)\s*\)*\s*->>?\s*\(?(?:'([^']*)'(?:::text)?\s*\|\|\s*)?(?:\$\d|[A-Za-z_])|()\bjsonb?_extract_path`)
	bracedPath  = regexp.MustCompile(`#>>?\s*'\{([^}']*)\}'`)
	called      = regexp.MustCompile(`(?:"?([A-Za-z_][\w$]*)"?\s*\.\s*)?"?([A-Za-z_][\w$]*)"?\s*\(`)
	roleWord    = regexp.MustCompile(`(?i)\b(current_user|session_user|current_role)\b`)
)

// readsSession reports whether a text reads a setting or the role's name.
func readsSession(text string) bool {
	return settingName.MatchString(text) || roleWord.MatchString(text)
}

// closure is a text with the bodies of the functions that it calls, and that those
// call.
func (s *Survey) closure(text string) string {
	var b strings.Builder
	b.WriteString(text)
	seen := map[*Function]bool{}
	pending := []string{text}
	for len(pending) > 0 {
		t := pending[0]
		pending = pending[1:]
		for _, m := range called.FindAllStringSubmatch(t, -1) {
			for _, f := range s.Functions {
				if f.Name == m[2] && (m[1] == "" || f.Schema == m[1]) && !seen[f] {
					seen[f] = true
					b.WriteString("\n" + f.Body)
					pending = append(pending, f.Body)
				}
			}
		}
	}
	return b.String()
}

// mentions reports whether a text, or what it calls, names a table.
func (s *Survey) mentions(text string, t *model.Table) bool {
	return stands(s.closure(text), t.Name)
}

// stands reports whether a name stands in a text.
func stands(text, name string) bool {
	return regexp.MustCompile(`(?i)(^|[^\w$])` + regexp.QuoteMeta(name) + `($|[^\w$])`).MatchString(text)
}

// candidates is what a text may read of the session: the settings that it names, and
// the keys of JSON in them. Which of them an expression takes its value from is asked
// of Postgres.
func candidates(text string) []Source {
	var out []Source
	add := func(s Source) {
		if !slices.ContainsFunc(out, func(o Source) bool { return o.String() == s.String() }) {
			out = append(out, s)
		}
	}
	settings := named(settingName, text)
	for _, prefix := range prefixes(text) {
		for _, l := range named(textLiteral, text) {
			if claimName.MatchString(l) && !strings.HasSuffix(l, ".") {
				settings = append(settings, prefix+l)
			}
		}
	}
	slices.SortStableFunc(settings, func(a, b string) int { return older(a) - older(b) })
	paths := jsonPaths(text)
	for _, name := range settings {
		for _, p := range paths {
			add(Source{Setting: name, Path: p})
		}
		for _, p := range paths {
			add(Source{Setting: name, Path: p, Many: true})
		}
		for _, p := range paths {
			add(Source{Setting: name, Path: p, Keys: true, Behind: something})
		}
	}
	for _, name := range settings {
		add(Source{Setting: name})
	}
	for _, s := range out { // what takes one value has been found by then
		if !s.Many && !s.Keys {
			s.Array = true
			add(s)
		}
	}
	return out
}

// older ranks settings: PostgREST's present one first, its older ones, a setting for each claim,
// last.
func older(setting string) int {
	switch {
	case setting == jwtClaims:
		return 0
	case strings.HasPrefix(setting, "request.jwt.claim"):
		return 2
	}
	return 1
}

// named is what the first group of a pattern finds in a text, each once.
func named(re *regexp.Regexp, text string) []string {
	var out []string
	for _, m := range re.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(out, m[1]) {
			out = append(out, m[1])
		}
	}
	return out
}

// prefixes is the texts that names of settings are put together from: 'app.' || name.
func prefixes(text string) []string {
	if !strings.Contains(text, "current_setting") {
		return nil
	}
	var out []string
	for _, l := range named(textLiteral, text) {
		if strings.HasSuffix(l, ".") && claimName.MatchString(l) {
			out = append(out, l)
		}
	}
	return out
}

// writtenPaths is the keys that stand in a text behind arrows: -> 'app_metadata' ->> 'org_id'.
func writtenPaths(text string) [][]string {
	var out [][]string
	for _, chain := range jsonPath.FindAllString(text, -1) {
		var p []string
		for _, m := range oneStep.FindAllStringSubmatch(chain, -1) {
			p = append(p, m[1])
		}
		out = append(out, p)
	}
	for _, m := range bracedPath.FindAllStringSubmatch(text, -1) {
		out = append(out, strings.Split(m[1], ","))
	}
	return out
}

// jsonPaths is the keys that a text reads of JSON, also those that it may read: a text of it, where the
// key is another function's argument.
func jsonPaths(text string) [][]string {
	var out [][]string
	add := func(p []string) {
		if len(p) > 0 && !slices.ContainsFunc(out, func(o []string) bool { return slices.Equal(o, p) }) {
			out = append(out, p)
		}
	}
	for _, p := range writtenPaths(text) {
		add(p)
	}
	for _, m := range keyOfJSON.FindAllStringSubmatch(text, -1) { // the key is another function's argument
		var p []string
		for _, step := range oneStep.FindAllStringSubmatch(m[1], -1) {
			p = append(p, step[1])
		}
		for _, key := range named(textLiteral, text) {
			if claimName.MatchString(key) && !strings.Contains(key, ".") {
				add(append(slices.Clone(p), m[3]+key))
			}
		}
	}
	return out
}
