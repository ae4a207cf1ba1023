package mutate

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Rate is the share of the seeds that killed, in per cent.
func (k *Kill) Rate() float64 {
	killed := 0
	for _, s := range k.Shots {
		if s.Killed {
			killed++
		}
	}
	return 100 * float64(killed) / float64(max(1, len(k.Shots)))
}

// Table writes kills as a page of Markdown: what random search found of each mutant, then
// what each class saw.
func Table(w io.Writer, kills []*Kill, sample Sample, checks int) error {
	var b strings.Builder
	of := "Each mutant"
	if sample.Each > 0 {
		of = fmt.Sprintf("Of each kind %d, spread over the mutants", sample.Each)
	}
	fmt.Fprintf(&b, "# The kill table\n\n%s of the example that no rule shows to be equivalent, searched at\n"+
		"random alone from %d seeds, %d checks each. `.ci/kills` writes it.\n\n", of, sample.Seeds, checks)
	total(&b, kills)
	b.WriteString("\n*Cases* is how many different least cases the seeds led to. *Walk* is the classes that the walk of the matrix sees of\n" +
		"the mutant, as they are found: each of them alone would have been enough.\n\n" +
		"| mutant | killed | checks, median | p90 | seconds, median | size | cases | first seen by | walk |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, k := range kills {
		k.row(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// total sums up the searches, and what each class saw first, and alone.
func total(b *strings.Builder, kills []*Kill) {
	var checks []int
	all, killed, none := 0, 0, 0
	first, walked, alone := map[string]int{}, map[string]int{}, map[string]int{}
	for _, k := range kills {
		if k.Refused != "" {
			none++
			continue
		}
		for _, s := range k.Shots {
			if all++; s.Killed {
				killed++
				first[s.Class]++
				checks = append(checks, s.Checks)
			}
		}
		for _, class := range k.Classes {
			walked[class]++
		}
		if len(k.Classes) == 1 {
			alone[k.Classes[0]]++
		}
	}
	fmt.Fprintf(b, "%d mutants, %d of them not searched; %d of %d searches killed, at the median within %d checks, p90 %d.\n\n",
		len(kills), none, killed, all, at(checks, 50), at(checks, 90))
	b.WriteString("| class | searches that it ended | mutants of which the walk sees it | and nothing else |\n|---|---|---|---|\n")
	classes := maps.Clone(walked)
	maps.Copy(classes, first)
	for _, class := range slices.Sorted(maps.Keys(classes)) {
		fmt.Fprintf(b, "| %s | %d | %d | %d |\n", class, first[class], walked[class], alone[class])
	}
}

// row writes the line of one mutant.
func (k *Kill) row(b *strings.Builder) {
	name := strings.ReplaceAll(k.Mutant.Key(), "|", "\\|")
	if k.Refused != "" {
		fmt.Fprintf(b, "| %s | – | | | | | | | %s |\n", name, strings.ReplaceAll(k.Refused, "\n", " "))
		return
	}
	var checks, sizes []int
	var times []time.Duration
	first, cases := map[string]int{}, map[string]bool{}
	for _, s := range k.Shots {
		if s.Killed {
			checks, sizes, times = append(checks, s.Checks), append(sizes, s.Size), append(times, s.Time)
			first[s.Class]++
			cases[s.Finding] = true
		}
	}
	var by []string
	for _, class := range slices.Sorted(maps.Keys(first)) {
		by = append(by, fmt.Sprintf("%s %d", class, first[class]))
	}
	fmt.Fprintf(b, "| %s | %.0f %% | %d | %d | %.1f | %d | %d | %s | %s |\n", name, k.Rate(),
		at(checks, 50), at(checks, 90), at(times, 50).Seconds(), at(sizes, 50), len(cases), strings.Join(by, ", "), strings.Join(k.Classes, ", "))
}

// at is a percentile of some values, 0 of none.
func at[T int | time.Duration](list []T, percent int) T {
	if len(list) == 0 {
		return 0
	}
	list = slices.Sorted(slices.Values(list))
	return list[(len(list)*percent+99)/100-1]
}
