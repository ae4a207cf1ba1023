package gen

import (
	"regexp/syntax"
	"strings"
)

// matches makes up to n different strings that a regular expression of Postgres
// matches, as far as Go's grammar reads it. Postgres has the last word on each.
func matches(pattern string, n int) []string {
	re, err := syntax.Parse(portable(pattern), syntax.Perl)
	if err != nil {
		return nil
	}
	re = re.Simplify()
	var out []string
	seen := map[string]bool{}
	for k := 0; len(out) < n && k < 4*n+8; k++ {
		w := patternWriter{c: seeded(uint64(k), 7)}
		w.write(re)
		s := w.b.String()
		if !seen[s] && len(s) < 2000 {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

// portable leaves out what Go's grammar lacks: assertions about what follows, and the
// names of Postgres for the ends of a word.
func portable(pattern string) string {
	for _, mark := range []string{"(?=", "(?!", "(?<=", "(?<!"} {
		for {
			i := strings.Index(pattern, mark)
			if i < 0 {
				break
			}
			end := closing(pattern, i)
			pattern = pattern[:i] + pattern[end:]
		}
	}
	r := strings.NewReplacer(`\m`, ``, `\M`, ``, `\y`, ``, `[[:<:]]`, ``, `[[:>:]]`, ``)
	return r.Replace(strings.TrimPrefix(pattern, "***:"))
}

// closing is the place behind the partner of the parenthesis at i.
func closing(pattern string, i int) int {
	depth := 0
	for ; i < len(pattern); i++ {
		switch pattern[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(pattern)
}

// fromLike is the regular expression of a LIKE pattern.
func fromLike(pattern string) string {
	var b strings.Builder
	b.WriteByte('^')
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '%':
			b.WriteString("[a-z]{1,3}")
		case '_':
			b.WriteString("[a-z]")
		case '\\':
			if i++; i < len(pattern) {
				b.WriteString(quoteMeta(pattern[i]))
			}
		default:
			b.WriteString(quoteMeta(c))
		}
	}
	b.WriteByte('$')
	return b.String()
}

// fromSimilar is the regular expression of a SIMILAR TO pattern.
func fromSimilar(pattern string) string {
	r := strings.NewReplacer("%", "[a-z]{0,3}", "_", "[a-z]", ".", `\.`, "^", `\^`, "$", `\$`)
	return "^(?:" + r.Replace(pattern) + ")$"
}

func quoteMeta(c byte) string {
	if strings.IndexByte(`\.+*?()|[]{}^$`, c) >= 0 {
		return `\` + string(c)
	}
	return string(c)
}

// patternWriter writes one string that an expression matches. The choices 0 are the
// shortest and first.
type patternWriter struct {
	c choices
	b strings.Builder
}

func (w *patternWriter) write(re *syntax.Regexp) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			w.b.WriteRune(r)
		}
	case syntax.OpCharClass:
		w.class(re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		w.b.WriteByte("abcdefgh"[w.c.upTo(8)])
	case syntax.OpCapture, syntax.OpConcat:
		for _, sub := range re.Sub {
			w.write(sub)
		}
	case syntax.OpAlternate:
		w.write(re.Sub[w.c.upTo(len(re.Sub))])
	case syntax.OpStar:
		w.repeat(re.Sub[0], 0, 4)
	case syntax.OpPlus:
		w.repeat(re.Sub[0], 1, 6)
	case syntax.OpQuest:
		w.repeat(re.Sub[0], 0, 1)
	case syntax.OpRepeat:
		most := re.Max
		if most < 0 || most > re.Min+6 {
			most = re.Min + 6
		}
		w.repeat(re.Sub[0], re.Min, most)
	default: // anchors and the like write nothing
	}
}

func (w *patternWriter) repeat(re *syntax.Regexp, least, most int) {
	for range least + w.c.upTo(most-least+1) {
		w.write(re)
	}
}

// class writes a character of a class, a plain one where there is one.
func (w *patternWriter) class(pairs []rune) {
	var plain []rune
	for i := 0; i+1 < len(pairs); i += 2 {
		for r := max(pairs[i], ' '); r <= min(pairs[i+1], '~') && len(plain) < 128; r++ {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
				plain = append(plain, r)
			}
		}
	}
	if len(plain) == 0 {
		for i := 0; i+1 < len(pairs); i += 2 {
			plain = append(plain, max(pairs[i], min(' ', pairs[i+1])))
		}
	}
	if len(plain) > 0 {
		w.b.WriteRune(plain[w.c.upTo(len(plain))])
	}
}
