package model

import (
	"slices"
	"strconv"
)

// Output is what a call of a path gave its caller, whatever the path is.
type Output struct {
	Results []Result // one a statement
	Err     *Failure // of the statement that ended it; nil: none
	Notices []string
	// Unclear says why the output is not all that the path did: it tests nothing then.
	Unclear string
}

// Result is what one statement of a path returned.
type Result struct {
	Rows  []Row // of a query; of COPY … TO STDOUT its lines, each as one value
	Count int   // of the command tag
}

// Texts lists every text that the caller received.
func (o *Output) Texts() []string {
	var out []string
	if o.Err != nil {
		out = append(out, o.Err.Text())
	}
	out = append(out, o.Notices...)
	for i := range o.Results {
		for _, row := range o.Results[i].Rows {
			for _, v := range row {
				if !v.Null {
					out = append(out, v.Text)
				}
			}
		}
	}
	return out
}

// Rows counts the rows of all results.
func (o *Output) Rows() int {
	n := 0
	for i := range o.Results {
		n += len(o.Results[i].Rows)
	}
	return n
}

// Lines is the output as a sorted list of texts: two outputs are the same, but for
// the order of their rows, when their lines are.
func (o *Output) Lines() []string {
	var out []string
	if o.Err != nil {
		out = append(out, "ERROR "+o.Err.Code+"\n"+o.Err.Text()+"\n"+o.Err.Constraint)
	}
	for _, n := range o.Notices {
		out = append(out, "NOTICE "+n)
	}
	for i := range o.Results {
		r := &o.Results[i]
		mark := string(rune('A' + i%26))
		out = append(out, mark+" count "+strconv.Itoa(r.Count))
		for _, row := range r.Rows {
			out = append(out, mark+" "+string(AppendRecord(nil, row, nil)))
		}
	}
	slices.Sort(out)
	return out
}
