package script

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
)

// A command is a backslash command with its arguments.
type command struct {
	at, stop int // of all of it
	name     string
	args     []string
}

// backslash reads and obeys the command at an offset, and takes it out of the
// text, so that a statement around it stays whole.
func (r *reader) backslash(at int) error {
	c, err := r.command(at)
	if err != nil {
		return err
	}
	r.at = c.stop
	if done, err := r.obey(c); done || err != nil {
		return err
	}
	if r.begin < 0 {
		return nil
	}
	r.replace(at, r.at, "")
	r.at = at
	return nil
}

// obey does what a command says. done is true when the command ended a statement or
// stood between two; else it is inside of one, and has to be cut out of the text.
func (r *reader) obey(c command) (done bool, err error) {
	switch c.name {
	case "restrict", "unrestrict", "echo", "warn", "qecho", "pset", "timing", "x":
		return false, nil
	case "set":
		return false, r.set(c)
	case "unset":
		if len(c.args) > 0 {
			delete(r.vars, c.args[0])
		}
		return false, nil
	case "if", "elif", "else", "endif":
		return false, r.conditional(c)
	case "g":
		return true, r.send(c)
	case "connect", "c":
		return true, r.connect(c)
	case "encoding":
		if len(c.args) == 0 {
			return false, nil
		}
		return true, r.between(c, func() error {
			r.add(c, "SET client_encoding TO "+render(c.args[0], '\'', true))
			return nil
		})
	case "i", "include", "ir", "include_relative":
		return true, r.between(c, func() error { return r.include(c) })
	}
	e := r.fault(c.at, `\`+c.name+" is not supported")
	e.Hint = refused[c.name]
	if e.Hint == "" {
		e.Hint = `of psql's commands, these are: \restrict \unrestrict \connect \set \unset \echo \warn \qecho \i \ir \pset \timing \x \encoding \if \elif \else \endif \g`
	}
	return true, e
}

// refused is what to do instead of a command that is not supported.
var refused = map[string]string{
	"!":     "a schema is loaded without running programs: run it before, and list its output as a file",
	"copy":  `write COPY … FROM stdin; with the data below it, up to a line \.`,
	"gexec": "write the statements out, or run them in a DO block with EXECUTE",
	"gset":  `write the values with \set`,
	"q":     "what stands after it would never run: list files that psql runs to their end",
	"quit":  "what stands after it would never run, as in an extension's script: list files that psql runs to their end",
	".":     `it ends the data of COPY … FROM stdin, and no such statement stands before it`,
	";":     "write the statements one by one",
}

// between does something that can only be done between two statements.
func (r *reader) between(c command, f func() error) error {
	if r.begin >= 0 {
		e := r.fault(c.at, `\`+c.name+" in the middle of a statement")
		line, _ := r.position(r.begin)
		e.Hint = "the statement begins on line " + strconv.Itoa(line) + "; is its semicolon missing?"
		return e
	}
	return f()
}

// send is \g: a semicolon.
func (r *reader) send(c command) error {
	if len(c.args) > 0 {
		return r.fault(c.at, `\g with arguments is not supported`)
	}
	return r.finish(c.at)
}

// add appends a statement that does what a command of psql would do.
func (r *reader) add(c command, text string) {
	s := Statement{File: r.source.file, Text: text}
	s.Line, s.Col = r.position(c.at)
	r.script.Statements = append(r.script.Statements, s)
}

// connect is \connect. Since everything goes to the one scratch database, what is
// left of it is a new session, perhaps of another user.
func (r *reader) connect(c command) error {
	return r.between(c, func() error {
		database, user := target(c.args)
		switch {
		case database == "" || database == databaseVariable || maintenance[database]:
		case r.database == "":
			r.database = database
		case r.database != database:
			e := r.fault(c.at, `\`+c.name+" to a second database, "+database+", after "+r.database)
			e.Hint = "a schema is loaded into one database: dump and list one database alone"
			return e
		}
		if r.session {
			r.add(c, "SET SESSION AUTHORIZATION DEFAULT")
			r.add(c, "RESET ALL")
			r.script.Statements[len(r.script.Statements)-1].fresh = true
			r.session = false
		}
		if user != "" {
			r.add(c, "SET SESSION AUTHORIZATION "+render(user, '"', true))
			r.session = true
		}
		return nil
	})
}

// maintenance databases are where scripts stand while they create their own.
var maintenance = map[string]bool{"postgres": true, "template1": true}

// target is the database and user of \connect's arguments; "" means the same.
func target(args []string) (database, user string) {
	var plain []string
	for _, a := range args {
		if !strings.HasPrefix(a, "-reuse-previous=") {
			plain = append(plain, a)
		}
	}
	for i, a := range plain {
		a = strings.Trim(a, `"`)
		if a == "-" {
			a = ""
		}
		switch i {
		case 0:
			database = a
		case 1:
			user = a
		}
	}
	if strings.Contains(database, "=") || strings.Contains(database, "://") {
		return conninfo(database)
	}
	return database, user
}

// include is \i and \ir. A path of \i is relative to the working folder, as for
// psql; where nothing is there, to the file that includes it.
func (r *reader) include(c command) error {
	if len(c.args) == 0 {
		return r.fault(c.at, `\`+c.name+" without a file")
	}
	if r.depth >= maxDepth {
		return r.fault(c.at, "files include each other without end")
	}
	beside := c.args[0]
	if !filepath.IsAbs(beside) {
		beside = filepath.Join(filepath.Dir(r.source.file), beside)
	}
	path := c.args[0]
	if c.name == "ir" || c.name == "include_relative" {
		path = beside
	}
	text, err := r.read(path)
	if errors.Is(err, fs.ErrNotExist) && path != beside {
		if again, second := r.read(beside); second == nil {
			path, text, err = beside, again, nil
		}
	}
	if err != nil {
		e := r.fault(c.at, "cannot read the file: "+err.Error())
		e.Err = err
		return e
	}
	return r.parser.file(path, string(text), r.depth+1)
}
