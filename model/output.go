package model

import (
	"slices"
	"strconv"
)

// Output is what a call of a path gave its caller, whatever the path is.
type Output struct {
	Results []Result // one a statement; of a program, one a place that it wrote to
	Err     *Failure // of the statement that ended it; nil: none
	Notices []string
	// Unclear says why the output is not all that the path did: it tests nothing then.
	Unclear string
	// Did is how a program ended, in words; empty for SQL.
	Did string
}

// Result is what one statement of a path returned.
type Result struct {
	// Place is where a program wrote: stdout, or the name of a file. Empty for SQL.
	Place string
	// Head: the first row names the columns.
	Head  bool
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
		if place := o.Results[i].Place; place != "" {
			out = append(out, place)
		}
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

// Rows counts the rows of all results, but for heads.
func (o *Output) Rows() int {
	n := 0
	for i := range o.Results {
		n += len(o.Results[i].Data())
	}
	return n
}

// Gives reports whether a row of some result has a value.
func (o *Output) Gives() bool {
	return slices.ContainsFunc(o.Results, func(r Result) bool {
		return slices.ContainsFunc(r.Data(), func(row Row) bool {
			return slices.ContainsFunc(row, func(v Value) bool { return !v.Null })
		})
	})
}

// Affected is how many rows the statements name that they changed, or gave.
func (o *Output) Affected() int {
	n := 0
	for i := range o.Results {
		n += o.Results[i].Count
	}
	return n
}

// Data is the rows below the head.
func (r *Result) Data() []Row {
	if r.Head && len(r.Rows) > 0 {
		return r.Rows[1:]
	}
	return r.Rows
}

// Silent reports whether a call gave nothing at all: no row, no file, no error.
func (o *Output) Silent() bool { return o.Err == nil && len(o.Results) == 0 && len(o.Notices) == 0 }

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
		if r.Place != "" {
			mark = r.Place
		}
		out = append(out, mark+" count "+strconv.Itoa(r.Count))
		for _, row := range r.Rows {
			out = append(out, mark+" "+string(AppendRecord(nil, row, nil)))
		}
	}
	slices.Sort(out)
	return out
}
