package script

import (
	"strconv"
	"strings"
)

// A branch is an \if that is not closed yet.
type branch struct {
	at        int  // of the \if
	taken     bool // one of its parts was read
	otherwise bool // \else was read
}

// set is \set: the variable's value is all arguments without blanks between.
func (r *reader) set(c command) error {
	if len(c.args) == 0 {
		return nil
	}
	name, value := c.args[0], strings.Join(c.args[1:], "")
	off := value == "off" || value == "0" || value == "false" || value == "no"
	switch {
	case name == "AUTOCOMMIT" && off:
		e := r.fault(c.at, `\set AUTOCOMMIT off is not supported`)
		e.Hint = "write BEGIN and COMMIT"
		return e
	case name == "ON_ERROR_STOP" && off:
		line, _ := r.position(c.at)
		r.note(`%s:%d: \set ON_ERROR_STOP %s is ignored: an error always stops the loading`, r.source.file, line, value)
	}
	r.vars[name] = value
	return nil
}

// conditional is \if, \elif, \else and \endif, met while reading.
func (r *reader) conditional(c command) error {
	if c.name == "if" {
		yes, err := r.condition(c)
		if err != nil {
			return err
		}
		r.branches = append(r.branches, branch{at: c.at, taken: yes})
		if !yes {
			return r.skip()
		}
		return nil
	}
	if len(r.branches) == 0 {
		return r.fault(c.at, `\`+c.name+` without \if`)
	}
	if c.name == "endif" {
		r.branches = r.branches[:len(r.branches)-1]
		return nil
	}
	if r.branches[len(r.branches)-1].otherwise {
		return r.fault(c.at, `\`+c.name+` after \else`)
	}
	r.branches[len(r.branches)-1].otherwise = c.name == "else"
	return r.skip()
}

// skip passes over what is not to be read, up to the part that is, or \endif.
func (r *reader) skip() error {
	b := &r.branches[len(r.branches)-1]
	for depth := 0; ; {
		t := scan(r.text, r.at, r.loose)
		if t.kind == end {
			return nil // the missing \endif is said at the end of the file
		}
		if t.open != "" {
			return r.fault(t.start, "a "+t.open+" begins here and never ends")
		}
		r.at = t.stop
		if t.kind != sign || r.text[t.start] != '\\' {
			continue
		}
		name := r.text[t.stop:run(r.text, t.stop, isStart)]
		switch {
		case name == "if":
			depth++
		case name == "endif" && depth > 0:
			depth--
		case depth == 0 && (name == "endif" || name == "else" || name == "elif"):
			stop, err := r.alternative(t.start, b)
			if stop || err != nil {
				return err
			}
			continue
		}
		r.at += lineLength(r.text[r.at:])
	}
}

// alternative looks at the \elif, \else or \endif that ends a skipped part. found
// is whether what follows it is read.
func (r *reader) alternative(at int, b *branch) (found bool, err error) {
	c, err := r.command(at)
	if err != nil {
		return false, err
	}
	r.at = c.stop
	if c.name == "endif" {
		r.branches = r.branches[:len(r.branches)-1]
		return true, nil
	}
	if b.otherwise {
		return false, r.fault(c.at, `\`+c.name+` after \else`)
	}
	yes := c.name == "else"
	b.otherwise = yes
	if !yes && !b.taken {
		if yes, err = r.condition(c); err != nil {
			return false, err
		}
	}
	found = yes && !b.taken
	b.taken = b.taken || yes
	return found, nil
}

// condition is the value of \if's or \elif's argument: one of psql's words for
// a boolean, or a beginning of one.
func (r *reader) condition(c command) (bool, error) {
	if len(c.args) == 1 {
		arg := strings.ToLower(c.args[0])
		for _, one := range []string{"true", "false", "yes", "no"} {
			if arg != "" && strings.HasPrefix(one, arg) {
				return one == "true" || one == "yes", nil
			}
		}
		switch arg {
		case "on", "1":
			return true, nil
		case "off", "of", "0":
			return false, nil
		}
	}
	return false, r.fault(c.at, `\`+c.name+` needs one boolean (true, false, on, off, yes, no, 1, 0), not `+strconv.Quote(strings.Join(c.args, " ")))
}
