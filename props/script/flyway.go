package script

import (
	"cmp"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// versioned is a migration of Flyway with its version; B is a baseline, that stands for all up to it.
var versioned = regexp.MustCompile(`^([VB])([0-9]+(?:[._][0-9]+)*)__.*\.sql$`)

// callback is what Flyway runs at other times than its migrations; of these the first and the last run.
var callback = regexp.MustCompile(`^((?:before|after)[A-Z][A-Za-z]*|createSchema)(?:__.*)?\.sql$`)

// repeatable begins the names of migrations that run again whenever they change.
const repeatable = "R__"

// flyway reports whether names of files are those of Flyway.
func flyway(files []string) bool {
	return slices.ContainsFunc(files, func(f string) bool { return versioned.MatchString(filepath.Base(f)) })
}

// flywayOrder is the order in which Flyway runs files on an empty database: from the newest baseline
// on by version, wherever they lie, then what is repeatable by its description. What a pattern named
// and Flyway does not know runs before; of a whole folder it is left out.
func (f *finder) flywayOrder(files []string, whole bool) []string {
	var first, versions, again, last, covered, apart, unknown []string
	baseline := ""
	for _, name := range files {
		if m := versioned.FindStringSubmatch(filepath.Base(name)); m != nil && m[1] == "B" && (baseline == "" || version(m[2], baseline) > 0) {
			baseline = m[2]
		}
	}
	for _, name := range files {
		base := filepath.Base(name)
		m, event := versioned.FindStringSubmatch(base), callback.FindStringSubmatch(base)
		switch {
		case m != nil && baseline != "" && (version(m[2], baseline) < 0 || m[1] == "V" && version(m[2], baseline) == 0):
			covered = append(covered, name)
		case m != nil:
			versions = append(versions, name)
		case strings.HasPrefix(base, repeatable):
			again = append(again, name)
		case event != nil && event[1] == "beforeMigrate":
			first = append(first, name)
		case event != nil && event[1] == "afterMigrate":
			last = append(last, name)
		case event != nil:
			apart = append(apart, name)
		default:
			unknown = append(unknown, name)
		}
	}
	f.leftOut(covered, "the baseline of version "+baseline+" stands for it")
	f.leftOut(apart, "it is a callback of Flyway, which runs beforeMigrate and afterMigrate alone here")
	if whole {
		f.leftOut(unknown, "its name is none of Flyway's, beside files whose names are: name it too where it belongs to the schema")
		unknown = nil
	}
	slices.SortStableFunc(versions, func(a, b string) int {
		x, y := versioned.FindStringSubmatch(filepath.Base(a)), versioned.FindStringSubmatch(filepath.Base(b))
		return cmp.Or(version(x[2], y[2]), natural(a, b))
	})
	slices.SortStableFunc(again, func(a, b string) int {
		return cmp.Or(cmp.Compare(description(a), description(b)), natural(a, b))
	})
	slices.SortStableFunc(unknown, natural)
	return slices.Concat(unknown, first, versions, again, last)
}

// description is what the name of a repeatable migration says, as Flyway reads it.
func description(file string) string {
	name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), repeatable), ".sql")
	return strings.ReplaceAll(name, "_", " ")
}

// version compares versions such as 1.10 and 1_9, part by part.
func version(a, b string) int {
	split := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return r == '.' || r == '_' })
	}
	x, y := split(a), split(b)
	for i := range max(len(x), len(y)) {
		m, n := "", ""
		if i < len(x) {
			m = x[i]
		}
		if i < len(y) {
			n = y[i]
		}
		if c := byNumber(m, n); c != 0 {
			return c
		}
	}
	return 0
}
