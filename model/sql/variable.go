package sql

import (
	"strconv"
	"strings"
)

// wordAll stands for the bare word ALL, which Postgres reserves, while the
// grammar reads the text: as many bytes, and a name that nobody writes.
const wordAll = "\uE000"

// plain is a text that Postgres' grammar can read: variables are $1, $2, …
// padded with blanks to the length that they had, so that offsets stay true.
type plain struct {
	text  string
	names map[int]string // by number
}

// variable is one mention of a variable in the source.
type variable struct {
	start, end int
	name       string
	number     int // 0 for a name
}

// plainText replaces variables, and ALL where it stands for itself.
func plainText(src string) (plain, *Error) {
	if i := strings.IndexByte(src, 0); i >= 0 {
		return plain{}, errorAt(i, "a zero byte in SQL text")
	}
	vars, words := scanText(src)
	text := []byte(src)
	for _, at := range words {
		copy(text[at:], wordAll)
	}
	numbers, names, most := map[string]int{}, map[int]string{}, 0
	for _, v := range vars {
		most = max(most, v.number)
	}
	for _, v := range vars {
		n, known := numbers[v.name]
		if !known {
			if n = v.number; n == 0 {
				most++
				n = most
			}
			numbers[v.name], names[n] = n, v.name
		}
		sign := "$" + strconv.Itoa(n)
		if v.number > 65535 || len(sign) > v.end-v.start {
			return plain{}, errorAt(v.start, "too many variables, or a number too large")
		}
		copy(text[v.start:v.end], sign+strings.Repeat(" ", v.end-v.start-len(sign)))
	}
	return plain{text: string(text), names: names}, nil
}

// scanText finds the variables outside strings, quoted names and comments, and
// the places where ALL is an expression by itself.
func scanText(src string) (vars []variable, words []int) {
	before := "" // the token before, in lower case
	for i := 0; i < len(src); {
		if n := skipLen(src[i:]); n > 0 {
			if c := src[i]; c == '\'' || c == '"' || c == '$' {
				before = "'"
			}
			i += n
			continue
		}
		switch c := src[i]; {
		case c == '$':
			v := scanVariable(src, i)
			if v.end > i+1 {
				vars = append(vars, v)
			}
			i, before = v.end, "$"
		case isNameStart(c):
			end := i + nameLen(src[i:])
			word := strings.ToLower(src[i:end])
			if word == "e" && end < len(src) && src[end] == '\'' {
				end += escapeLen(src[end:])
			}
			if word == "all" && opensOperand(before) && closesOperand(src[end:]) {
				words = append(words, i)
			}
			i, before = end, word
		case isDigit(c): // 1e5 is no name
			end := i + nameLen(src[i:])
			i, before = end, "0"
		default:
			if strings.IndexByte(blanks, c) < 0 {
				before = string(c)
			}
			i++
		}
	}
	return vars, words
}

// scanVariable reads the variable whose dollar sign is at start; its end is
// start+1 when there is none.
func scanVariable(src string, start int) variable {
	v := variable{start: start, end: start + 1}
	i := start + 1
	for i < len(src) && isDigit(src[i]) {
		i++
	}
	if i > start+1 {
		n, err := strconv.Atoi(src[start+1 : i])
		if err != nil {
			n = 1 << 20
		}
		v.end, v.name, v.number = i, strconv.Itoa(n), n
		return v
	}
	if i == len(src) || !isNameStart(src[i]) {
		return v
	}
	name, n := scanName(src[i:])
	v.name, v.end = name, i+n
	if rest := src[v.end:]; strings.HasPrefix(rest, ".") {
		if column, length := scanName(rest[1:]); length > 0 {
			v.name, v.end = name+"."+column, v.end+1+length
		}
	}
	return v
}

// scanName reads an identifier, quoted or not, as the name that it means.
func scanName(s string) (name string, length int) {
	if s == "" {
		return "", 0
	}
	if s[0] == '"' {
		n := quotedLen(s, '"')
		if n < 3 || s[n-1] != '"' {
			return "", 0
		}
		return strings.ReplaceAll(s[1:n-1], `""`, `"`), n
	}
	if !isNameStart(s[0]) {
		return "", 0
	}
	n := nameLen(s)
	return foldName(s[:n]), n
}

// foldName puts ASCII letters into lower case, as Postgres folds names.
func foldName(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// opensOperand reports whether an operand may follow the token.
func opensOperand(token string) bool {
	switch token {
	case "", "(", "and", "or", "not", "where", "on":
		return true
	}
	return false
}

// closesOperand reports whether the text goes on after a whole condition.
func closesOperand(s string) bool {
	for {
		s = strings.TrimLeft(s, " \t\r\n\f\v")
		n := 0
		if strings.HasPrefix(s, "--") || strings.HasPrefix(s, "/*") {
			n = skipLen(s)
		}
		if n == 0 {
			break
		}
		s = s[n:]
	}
	if s == "" || s[0] == ')' || s[0] == ',' {
		return true
	}
	switch strings.ToLower(s[:nameLen(s)]) {
	case "and", "or", "where", "join", "cross", "inner", "is":
		return true
	}
	return false
}
