package gen

import (
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/brianvoe/gofakeit/v7"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// looks is how values look that nothing compares, by a part of the column's name.
// The first that matches counts; what matches none is a word.
var looks = []struct {
	part string
	make func(*gofakeit.Faker) string
}{
	{"email", (*gofakeit.Faker).Email},
	{"phone", (*gofakeit.Faker).Phone},
	{"url", site},
	{"website", site},
	{"link", site},
	{"domain", (*gofakeit.Faker).DomainName},
	{"hostname", (*gofakeit.Faker).DomainName},
	{"first_name", (*gofakeit.Faker).FirstName},
	{"last_name", (*gofakeit.Faker).LastName},
	{"user_name", (*gofakeit.Faker).Username},
	{"username", (*gofakeit.Faker).Username},
	{"handle", (*gofakeit.Faker).Username},
	{"company", (*gofakeit.Faker).Company},
	{"street", (*gofakeit.Faker).Street},
	{"address", (*gofakeit.Faker).Street},
	{"city", (*gofakeit.Faker).City},
	{"country", (*gofakeit.Faker).CountryAbr},
	{"zip", (*gofakeit.Faker).Zip},
	{"postal", (*gofakeit.Faker).Zip},
	{"currency", (*gofakeit.Faker).CurrencyShort},
	{"language", (*gofakeit.Faker).LanguageAbbreviation},
	{"locale", (*gofakeit.Faker).LanguageBCP},
	{"timezone", (*gofakeit.Faker).TimeZoneRegion},
	{"color", (*gofakeit.Faker).HexColor},
	{"colour", (*gofakeit.Faker).HexColor},
	{"user_agent", (*gofakeit.Faker).UserAgent},
	{"mime", (*gofakeit.Faker).FileMimeType},
	{"number", func(f *gofakeit.Faker) string {
		return fmt.Sprintf("%c-%03d", 'A'+rune(f.IntRange(0, 5)), f.IntRange(1, 999))
	}},
	{"slug", func(f *gofakeit.Faker) string { return strings.ToLower(f.Word() + "-" + f.Word()) }},
	{"_name", (*gofakeit.Faker).Name},
	{"title", (*gofakeit.Faker).Phrase},
	{"body", (*gofakeit.Faker).Phrase},
	{"content", (*gofakeit.Faker).Phrase},
	{"note", (*gofakeit.Faker).Phrase},
	{"comment", (*gofakeit.Faker).Phrase},
	{"message", (*gofakeit.Faker).Phrase},
	{"detail", (*gofakeit.Faker).Phrase},
	{"description", (*gofakeit.Faker).Phrase},
}

func site(f *gofakeit.Faker) string { return "https://" + f.DomainName() + "/" }

// words makes three values that look real by the column's name.
func words(c *model.Column, generator string) []string {
	h := fnv.New64a()
	h.Write([]byte(c.Name))
	f := gofakeit.New(h.Sum64() | 1)
	name := strings.ToLower(c.Name)
	one := (*gofakeit.Faker).Word
	if name == "name" {
		one = (*gofakeit.Faker).Name
	}
	for _, l := range looks {
		if strings.Contains(name, l.part) {
			one = l.make
			break
		}
	}
	var pool []string
	for range 3 {
		s := ""
		if generator != "" {
			s = named(f, generator)
		} else {
			s = one(f)
		}
		pool = append(pool, limit(s, c.Type.Length))
	}
	return pool
}

func named(f *gofakeit.Faker, generator string) string {
	info := gofakeit.GetFuncLookup(generator)
	if info == nil {
		return f.Word()
	}
	v, err := info.Generate(f, gofakeit.NewMapParams(), info)
	if err != nil {
		return f.Word()
	}
	return fmt.Sprint(v)
}

func limit(s string, n int) string {
	if n > 0 && len(s) > n {
		return s[:n]
	}
	return s
}
