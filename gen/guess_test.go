package gen

import (
	"regexp"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// TestPatternGuesses proves that a condition with a pattern gives values that match it.
func TestPatternGuesses(t *testing.T) {
	for _, k := range []struct{ condition, matches string }{
		{`a ~~ 'public%'::text`, `^public`},
		{`a LIKE 'x\_%'`, `^x_`},
		{`a ~~* '%@corp.example'::text`, `@corp\.example$`},
		{`a ~ '^qq[0-9]+$'::text`, `^qq[0-9]+$`},
		{`a ~ E'^\\d{3}-x$'`, `^\d{3}-x$`},
		{`a ~ similar_to_escape('(pub|open)-%'::text)`, `^(pub|open)-`},
		{`a LIKE 'ab%' AND a LIKE '%yz'`, `^ab.*yz$`},
		{`a LIKE 'ab%' AND a LIKE '%yz' AND length(a) > 20`, `^ab.{17,}yz$`},
		{`a ~~ 'x%'::text AND length(a) > 20`, `^x.{20,}$`},
	} {
		hint := &clue{}
		hint.all(k.condition)
		list := append(hint.values(&model.Type{Base: "text", Kind: sql.Text}, true), hint.joined()...)
		found := false
		for _, s := range list {
			found = found || regexp.MustCompile(k.matches).MatchString(s)
		}
		if !found {
			t.Errorf("%s: none of %q matches %s", k.condition, list, k.matches)
		}
	}
}
