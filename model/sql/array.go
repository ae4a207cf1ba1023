package sql

import "strings"

// arrayBody skips the bounds that an array's text may begin with: [2:3]={…}.
func arrayBody(text string) string {
	if strings.HasPrefix(text, "[") {
		if i := strings.IndexByte(text, '='); i >= 0 {
			return text[i+1:]
		}
	}
	return text
}

// inArray looks for a value among the elements, of all dimensions, of an array
// as array_out prints it. It does not allocate.
func inArray(text string, v Value) Tri {
	s := arrayBody(text)
	out, i := False, 0
	for i < len(s) {
		switch s[i] {
		case '{', '}', ',':
			i++
			continue
		}
		if v.Null {
			return Unknown
		}
		n := elementLen(s[i:])
		switch e := s[i : i+n]; {
		case e[0] != '"' && strings.EqualFold(e, "null"):
			out = Unknown
		case sameElement(e, v.Text):
			return True
		}
		i += n
	}
	return out
}

// eachItem yields the elements, of all dimensions, of an array as array_out prints it, until yield
// says false; it reports whether it never did.
func eachItem(text string, yield func(Value) bool) bool {
	s := arrayBody(text)
	for i := 0; i < len(s); {
		switch s[i] {
		case '{', '}', ',':
			i++
			continue
		}
		v, n, ok := arrayItem(s[i : i+elementLen(s[i:])])
		if !ok || !yield(v) {
			return false
		}
		i += n
	}
	return true
}

// elementLen is the length of the element, as it is written, at the start of s.
func elementLen(s string) int {
	if s[0] != '"' {
		for n := range len(s) {
			switch s[n] {
			case ',', '}':
				return n
			}
		}
		return len(s)
	}
	for n := 1; n < len(s); n++ {
		switch s[n] {
		case '\\':
			n++
		case '"':
			return n + 1
		}
	}
	return len(s)
}

// sameElement compares a written element with a text.
func sameElement(e, text string) bool {
	if e[0] != '"' {
		return e == text
	}
	j := 0
	for i := 1; i < len(e)-1; i++ {
		if e[i] == '\\' {
			i++
		}
		if j == len(text) || e[i] != text[j] {
			return false
		}
		j++
	}
	return j == len(text)
}

// Items reads the elements of an array of one dimension, as array_out prints it. It reports false for
// what is none.
func Items(text string) ([]Value, bool) { return arrayItems(arrayBody(text)) }

// arrayItems reads the elements of an array constant, as array_in does for
// arrays of one dimension. ok is false for what Go does not take as one.
func arrayItems(text string) (items []Value, ok bool) {
	s := strings.Trim(text, blanks)
	if len(s) < 2 || s[0] != '{' || s[len(s)-1] != '}' {
		return nil, false
	}
	s = s[1 : len(s)-1]
	if strings.Trim(s, blanks) == "" {
		return nil, true
	}
	for {
		v, n, fine := arrayItem(s)
		if !fine {
			return nil, false
		}
		items = append(items, v)
		if n == len(s) {
			return items, true
		}
		s = s[n+1:] // the comma
	}
}

// arrayItem reads one element and says where the comma after it is.
func arrayItem(s string) (v Value, n int, ok bool) {
	start := len(s) - len(strings.TrimLeft(s, blanks))
	quoted := start < len(s) && s[start] == '"'
	var b strings.Builder
	i := start
	if quoted {
		i++
	}
	for ; i < len(s); i++ {
		switch ch := s[i]; {
		case ch == '\\':
			if i++; i == len(s) {
				return v, 0, false
			}
			b.WriteByte(s[i])
			continue
		case quoted && ch == '"':
			rest := strings.TrimLeft(s[i+1:], blanks)
			if rest != "" && rest[0] != ',' {
				return v, 0, false
			}
			return Value{Text: b.String()}, len(s) - len(rest), true
		case !quoted && ch == ',':
			return bareItem(b.String(), i)
		case !quoted && (ch == '{' || ch == '}' || ch == '"'):
			return v, 0, false
		default:
			b.WriteByte(ch)
		}
	}
	if quoted {
		return v, 0, false
	}
	return bareItem(b.String(), len(s))
}

func bareItem(text string, end int) (Value, int, bool) {
	text = strings.TrimRight(text, blanks)
	if strings.EqualFold(text, "null") {
		return Value{Null: true}, end, true
	}
	return Value{Text: text}, end, text != ""
}
