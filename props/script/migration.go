package script

import (
	"path/filepath"
	"regexp"
	"strings"
)

// goose, dbmate, sql-migrate, rambler, node-pg-migrate and Play keep both directions of a
// migration in one file, under comments of their own. tern and MyBatis mark the second alone.
var (
	upPart   = regexp.MustCompile(`(?im)^--[ \t]*(\+goose[ \t]+up\b|migrate:up\b|\+migrate[ \t]+up\b|rambler[ \t]+up\b|up migration\b|(?:-+[ \t]*)?!ups\b)`)
	downPart = regexp.MustCompile(`(?i)^--[ \t]*(\+goose[ \t]+down\b|migrate:down\b|\+migrate[ \t]+down\b|rambler[ \t]+down\b|down migration\b|(?:-+[ \t]*)?!downs\b)`)
	undoPart = regexp.MustCompile(`(?i)^--(-*[ \t]*create above[ \t]*/[ \t]*drop below[ \t]*-*|[ \t]*//[ \t]*@undo[ \t]*)$`)
)

func hasUpPart(text string) bool { return upPart.MatchString(text) }

// comment skips a migration's "down" part, if that is what the comment begins.
func (r *reader) comment(t token) error {
	text := r.text[t.start:t.stop]
	if (!r.migration || !downPart.MatchString(text)) && !undoPart.MatchString(strings.TrimSpace(text)) {
		return nil
	}
	line, _ := r.position(t.start)
	if err := r.finish(t.start); err != nil {
		return err
	}
	r.note("%s:%d: the down part is skipped: it undoes the migration", filepath.ToSlash(r.source.file), line)
	r.at = len(r.text)
	if next := upPart.FindStringIndex(r.text[t.stop:]); next != nil {
		r.at = t.stop + next[0]
	}
	return nil
}
