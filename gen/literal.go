package gen

import (
	"fmt"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// nth is the n-th value of a type, n from 0: as many different ones as are wanted. It
// returns "" for a type that it does not know. %d stands for n+1, %h for two
// hexadecimal digits.
func nth(ty *model.Type, n int) string {
	if len(ty.Enum) > 0 {
		return ty.Enum[n%len(ty.Enum)]
	}
	form, ok := series[ty.Base]
	if !ok {
		return ""
	}
	n++
	form = strings.ReplaceAll(form, "%h", fmt.Sprintf("%02x", n%256))
	form = strings.ReplaceAll(form, "%i", fmt.Sprint(n+1))
	switch {
	case strings.Contains(form, "%D"): // the days of January, then of the next months
		form = strings.ReplaceAll(form, "%D", fmt.Sprintf("%02d-%02d", 1+(n/28)%12, 1+n%28))
	case strings.Contains(form, "%M"):
		form = strings.ReplaceAll(form, "%M", fmt.Sprintf("%02d:%02d", n/60%24, n%60))
	}
	return strings.ReplaceAll(form, "%d", fmt.Sprint(n))
}

// series is the types of Postgres, and of some extensions, each as the text of its
// n-th value.
var series = map[string]string{
	"int2": "%d", "int4": "%d", "int8": "%d", "oid": "%d", "xid": "%d", "xid8": "%d", "cid": "%d",
	"numeric": "%d", "float4": "%d", "float8": "%d", "money": "$%d.00",
	"text": "value-%d", "varchar": "v%d", "bpchar": "%d", "name": "name_%d", "citext": "value-%d", "char": "%d",
	"uuid": "00000000-0000-4000-8000-0000000000%h",
	"date": "2024-%D", "timestamp": "2024-%D 12:00:00", "timestamptz": "2024-%D 12:00:00+00",
	"time": "%M:00", "timetz": "%M:00+00", "interval": "%d days",
	"inet": "10.0.0.%d", "cidr": "10.%d.0.0/16", "macaddr": "08:00:2b:01:02:%h", "macaddr8": "08:00:2b:01:02:03:04:%h",
	"bytea": `\x01%h`, "json": `{"n": %d}`, "jsonb": `{"n": %d}`, "jsonpath": `$."k%d"`, "xml": "<a>%d</a>",
	"tsvector": "'word%d'", "tsquery": "'word%d'",
	"point": "(%d,0)", "line": "{1,%d,0}", "lseg": "[(0,0),(%d,1)]", "box": "(%i,%i),(%d,%d)",
	"path": "((0,0),(%d,1),(%i,2))", "polygon": "((0,0),(%d,1),(%i,2))", "circle": "<(0,0),%d>",
	"pg_lsn": "0/%d", "txid_snapshot": "%d:%d:", "pg_snapshot": "%d:%d:", "refcursor": "c%d",
	"hstore": `"k"=>"%d"`, "ltree": "n%d", "lquery": "n%d", "cube": "(%d)", "isbn": "", "semver": "1.0.%d",
	"geometry": "POINT(%d 0)", "geography": "POINT(%d 0)",
}

// bitString is the n-th value of bit(width) or bit varying(width).
func bitString(name string, n int) string {
	width := 0
	if i := strings.IndexByte(name, '('); i >= 0 {
		_, _ = fmt.Sscanf(name[i:], "(%d)", &width)
	}
	if width == 0 {
		width = 8
		if name == "bit" {
			width = 1
		}
	}
	s := fmt.Sprintf("%b", n)
	if len(s) > width {
		s = s[len(s)-width:]
	}
	return strings.Repeat("0", width-len(s)) + s
}

// ranges are the ranges of Postgres with the types of their bounds; a multirange is
// of the same name with multi before range.
var ranges = map[string]string{
	"int4range": "int4", "int8range": "int8", "numrange": "numeric", "daterange": "date", "tsrange": "timestamp", "tstzrange": "timestamptz",
}

// span is the n-th range over a type: no two overlap.
func span(element *model.Type, n int) string {
	low, high := nth(element, 2*n), nth(element, 2*n+1)
	if low == "" || low == high {
		return ""
	}
	return "[" + quoteBound(low) + "," + quoteBound(high) + ")"
}

func quoteBound(s string) string {
	if strings.ContainsAny(s, ` ,"()[]\`) {
		return `"` + strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), `"`, `""`) + `"`
	}
	return s
}

// array writes an array of texts.
func array(items ...string) string {
	for i, s := range items {
		items[i] = `"` + strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), `"`, `\"`) + `"`
	}
	return "{" + strings.Join(items, ",") + "}"
}

// composite writes a value of a composite type.
func composite(items []string) string {
	out := make([]string, len(items))
	for i, s := range items {
		out[i] = `"` + strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), `"`, `""`) + `"`
	}
	return "(" + strings.Join(out, ",") + ")"
}

// stubborn is what a constraint is tried with that refused everything better: usual
// limits of numbers, usual forms of texts, of which the server keeps what it takes.
var stubborn = struct{ numbers, texts, json, unknown []string }{
	numbers: []string{
		"-1", "0", "1", "3", "4", "5", "7", "10", "12", "16", "20", "24", "30", "42", "50", "60", "80", "99", "100", "128", "180", "200", "255", "256", "365", "404", "443",
		"500", "512", "999", "1000", "1024", "1900", "1970", "2000", "2024", "4096", "5432", "8080", "9999", "10000", "65535", "86400", "100000", "1000000", "0.1", "0.5", "0.99",
	},
	texts: []string{
		"", "a", "A", "ab", "AB", "abc", "ABC", "abcd", "abcdef", "abcdefgh", "abcdefghij", "abcdefghijkl", "abcdefghijklmnop", "abcdefghijklmnopqrstuvwx", "abcdefghijklmnopqrstuvwxyzabcdef",
		"1", "12", "123", "1234", "12345", "123456", "0000000000", "a1", "a-b", "a_b", "a/b", "a.b", "/a", "a:b", "a@b.co", "alice@example.com", "https://example.com/", "example.com",
		"2024-01-01", "12:00", "#aabbcc", "{}", "[]", "true", "en", "en-US", "US", "USD", "UTC", "Europe/Paris", "+15555550100", "10.0.0.1", "image/png", "application/json", "1.0.0", "v1.0.0", "A-001",
		"00000000-0000-4000-8000-000000000001", "d41d8cd98f00b204e9800998ecf8427e", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "aGVsbG8=", "* * * * *", "Abcdef1!",
	},
	json: []string{`{}`, `[]`, `""`, `"a"`, `1`, `true`, `null`, `["a"]`, `[1]`, `[{"a": 1}]`, `{"a": 1}`, `{"a": "b"}`, `{"type": "a"}`, `{"a": [1]}`, `{"a": {"b": 1}}`},
	unknown: []string{
		"1", "a", "0", "", "{}", "[]", "{1}", "[1,2,3]", "(1,2)", "1.0.0", "a.b", `"a"=>"1"`, "POINT(0 0)", "2024-01-01", "10.0.0.1", "a@b.co", "https://example.com/",
		"00000000-0000-4000-8000-000000000001", "t", "$1.00", "1 kg", "USD", "en", "us", "978-3-16-148410-0", "{\"a\": 1}", "[1,2]", "(1)", "B0", "#fff",
	},
}
