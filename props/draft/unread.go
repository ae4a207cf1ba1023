package draft

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// bound reports whether all settings that a text reads are known from other expressions.
func (e *evidence) bound(text string) bool {
	whole := e.survey.closure(text)
	return !roleWord.MatchString(whole) && !slices.ContainsFunc(named(settingName, whole), func(name string) bool {
		return !slices.ContainsFunc(e.sources, func(s *Source) bool { return s.Setting == name })
	})
}

// expiry is the claim by which a token ends (RFC 7519, 4.1.4), and a time of it that
// does not come while anybody tests.
const (
	expiry = "exp"
	late   = "4102444800"
)

// expires reports whether policies, or what they call, read the claim by which a token ends.
func (s *Survey) expires() bool {
	whole := s.policies()
	return strings.Contains(whole, "jwt") && slices.ContainsFunc(jsonPaths(whole), func(p []string) bool { return slices.Equal(p, []string{expiry}) })
}

// policies is the text of all policies and of what they call.
func (s *Survey) policies() string {
	var b strings.Builder
	for _, t := range s.Schema.Tables {
		for _, p := range t.Policies {
			b.WriteString(p.Using + "\n" + p.Check + "\n")
		}
	}
	return s.closure(b.String())
}

// unbound names the settings and claims that policies, and what they call, read, but of which
// nothing tells what they hold.
func (e *evidence) unbound(s *Survey) []string {
	var out []string
	whole := s.policies()
	add := func(name string) {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	known := func(ok func(*Source) bool) bool { return slices.ContainsFunc(e.sources, ok) }
	for _, name := range named(settingName, whole) {
		if older(name) == 1 && !known(func(x *Source) bool { return x.Setting == name }) {
			add("setting " + name)
		}
	}
	for _, path := range jsonPaths(whole) {
		if !s.said(path, whole) {
			continue
		}
		key := strings.Join(path, ".")
		if !known(func(x *Source) bool {
			claim, _ := x.Claim()
			inside := x.Keys && len(path) > len(claim) && slices.Equal(path[:len(claim)], claim)
			return inside || strings.HasSuffix(strings.Join(append(slices.Clone(x.Path), claim...), "."), path[len(path)-1])
		}) && strings.Contains(whole, "jwt") && key != "sub" && key != "role" && key != expiry {
			add("claim " + key)
		}
	}
	return out
}

// said reports whether a text has the last key of a path as one, and not just as a text that might be:
// behind an arrow, or as the argument of a function of the schema.
func (s *Survey) said(path []string, text string) bool {
	key := path[len(path)-1]
	ends := func(p []string) bool { return p[len(p)-1] == key }
	if slices.ContainsFunc(writtenPaths(text), ends) {
		return true
	}
	return slices.ContainsFunc(sql.Calls(text), func(c sql.Call) bool {
		return slices.ContainsFunc(s.Functions, func(f *Function) bool { return f.Name == c.Name && (c.Schema == "" || c.Schema == f.Schema) }) &&
			slices.ContainsFunc(c.Args, func(a string) bool {
				texts := named(textLiteral, a)
				return len(texts) == 1 && strings.HasPrefix(a, "'"+texts[0]+"'") && strings.HasSuffix(key, texts[0])
			})
	})
}
