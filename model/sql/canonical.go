package sql

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// forPostgres is canonical's reason for texts whose meaning depends on the version.
const forPostgres = "ask Postgres"

// blanks are what isspace accepts.
const blanks = " \t\n\v\f\r"

// canonical reads a constant as the type's input function does, and gives what
// its output function prints. A reason says why it cannot be.
func canonical(text string, like operand) (out, reason string) {
	ok := true
	switch like.kind {
	case Int:
		return canonicalInt(text, like.typ)
	case Bool:
		out, ok = canonicalBool(text)
	case UUID:
		out, ok = canonicalUUID(text)
	case Enum:
		out, ok = text, like.labels == nil || slices.Contains(like.labels, text)
	case Text, Other:
		out = text
	}
	if !ok {
		return "", invalid(text, like.typ)
	}
	return out, ""
}

func invalid(text, typ string) string {
	return fmt.Sprintf("%s is not a value of type %s", quoteText(text), typ)
}

func canonicalInt(text, typ string) (out, reason string) {
	s := strings.Trim(text, blanks)
	digits := strings.TrimLeft(s, "+-")
	if len(s)-len(digits) > 1 || digits == "" || !isDigit(digits[0]) {
		return "", invalid(text, typ)
	}
	for i := range len(digits) {
		if !isDigit(digits[i]) { // 0x10 and 1_000 are numbers since 16
			return "", reasonUnless(strings.ContainsAny(digits, "_xXoObB"), text, typ)
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || !fits(n, typ) {
		return "", fmt.Sprintf("%s is out of range for type %s", quoteText(text), typ)
	}
	return strconv.FormatInt(n, 10), ""
}

func reasonUnless(newer bool, text, typ string) string {
	if newer {
		return forPostgres
	}
	return invalid(text, typ)
}

// inRange reports whether an integer's text fits the type.
func inRange(text, typ string) bool {
	n, err := strconv.ParseInt(text, 10, 64)
	return err == nil && fits(n, typ)
}

func fits(n int64, typ string) bool {
	switch width(typ) {
	case 2:
		return int64(int16(n)) == n
	case 4:
		return int64(int32(n)) == n
	default:
		return true
	}
}

func canonicalBool(text string) (string, bool) {
	s := strings.ToLower(strings.Trim(text, blanks))
	if s == "" {
		return "", false
	}
	for _, yes := range []string{"true", "yes", "on", "1"} {
		if strings.HasPrefix(yes, s) && s != "o" {
			return "t", true
		}
	}
	for _, no := range []string{"false", "no", "off", "0"} {
		if strings.HasPrefix(no, s) && s != "o" {
			return "f", true
		}
	}
	return "", false
}

// canonicalUUID accepts what uuid_in does: hyphens after any group of four
// digits, or none, and braces around it all.
func canonicalUUID(text string) (string, bool) {
	s := text
	if strings.HasPrefix(s, "{") {
		if !strings.HasSuffix(s, "}") {
			return "", false
		}
		s = s[1 : len(s)-1]
	}
	out := make([]byte, 0, 36)
	digits := 0
	for i := 0; i < len(s); i++ {
		ch := s[i] | 0x20 // lower case; digits and hyphens keep
		switch {
		case s[i] == '-' && digits%4 == 0 && digits > 0 && digits < 32 && s[i-1] != '-':
			continue
		case !isDigit(s[i]) && (ch < 'a' || ch > 'f') || digits == 32:
			return "", false
		case isDigit(s[i]):
			ch = s[i]
		}
		if digits == 8 || digits == 12 || digits == 16 || digits == 20 {
			out = append(out, '-')
		}
		out = append(out, ch)
		digits++
	}
	return string(out), digits == 32
}
