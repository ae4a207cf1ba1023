package sql

import (
	"errors"
	"strings"
	"unicode/utf8"

	pg "github.com/sqlc-dev/oliphant"
	"github.com/sqlc-dev/oliphant/parser"
)

// condition makes a text of an expression alone.
const condition = "SELECT 1 WHERE "

// ParseExpr parses an expression with Postgres' grammar, in which $tenant,
// $user.column and $1 are variables and ALL alone is a word. A mistake is an
// *Error with its offset in src.
func ParseExpr(src string) (Expr, error) {
	p, failure := plainText(src)
	if failure != nil {
		return nil, failure
	}
	stmts, failure := parseText(condition+p.text, len(condition), len(src))
	if failure != nil {
		return nil, failure
	}
	if len(stmts) != 1 {
		return nil, errorAt(max(0, len(src)-1), "one expression is wanted, not several statements")
	}
	sel := stmts[0].GetStmt().GetSelectStmt()
	if sel == nil || sel.WhereClause == nil || !onlyWhere(sel) {
		return nil, errorAt(0, "an expression is wanted, and nothing after it")
	}
	return convert(p, len(condition), func(c *converter) Expr { return c.expr(sel.WhereClause) })
}

// ParseQuery parses a SELECT. One that is more than tables, inner joins and a
// condition comes back with Opaque set. A mistake is an *Error.
func ParseQuery(src string) (*Query, error) {
	p, stmts, failure := parsePlain(src)
	if failure != nil {
		return nil, failure
	}
	if len(stmts) != 1 || stmts[0].GetStmt().GetSelectStmt() == nil {
		return nil, errorAt(0, "one SELECT is wanted")
	}
	node := stmts[0].GetStmt()
	return convert(p, 0, func(c *converter) *Query { return c.query(node, 0) })
}

func onlyWhere(s *pg.SelectStmt) bool {
	return len(s.TargetList) == 1 && len(s.FromClause) == 0 && noMore(s) && len(s.DistinctClause) == 0
}

// noMore reports whether nothing stands after FROM and WHERE, or around them.
func noMore(s *pg.SelectStmt) bool {
	return s.Op == pg.SetOperation_SETOP_NONE && s.IntoClause == nil && s.WithClause == nil &&
		s.HavingClause == nil && s.LimitCount == nil && s.LimitOffset == nil &&
		len(s.GroupClause)+len(s.WindowClause)+len(s.ValuesLists)+len(s.SortClause)+len(s.LockingClause) == 0
}

// parsePlain parses the statements of a text in which variables may stand.
func parsePlain(src string) (plain, []*pg.RawStmt, *Error) {
	p, failure := plainText(src)
	if failure != nil {
		return p, nil, failure
	}
	stmts, failure := parseText(p.text, 0, len(src))
	return p, stmts, failure
}

// parseText calls the grammar. The source is text after its first skip bytes.
func parseText(text string, skip, length int) (stmts []*pg.RawStmt, failure *Error) {
	defer func() {
		if r := recover(); r != nil {
			stmts, failure = nil, errorAt(0, "the SQL parser cannot read this: %v", r)
		}
	}()
	if !utf8.ValidString(text) {
		i := 0
		for i < len(text) {
			r, n := utf8.DecodeRuneInString(text[i:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			i += n
		}
		return nil, errorAt(i-skip, "a byte that is not UTF-8")
	}
	tree, err := pg.Parse(text)
	if err == nil {
		return tree.Stmts, nil
	}
	var e *parser.Error
	if !errors.As(err, &e) {
		return nil, errorAt(0, "%v", err)
	}
	at := byteOffset(text, e.Cursorpos-1) - skip
	return nil, errorAt(min(max(at, 0), length), "%s", strings.ReplaceAll(e.Message, wordAll, "all"))
}

// byteOffset is where the nth character starts.
func byteOffset(text string, n int) int {
	for i := range text {
		if n <= 0 {
			return i
		}
		n--
	}
	return len(text)
}

// isKeyword reports whether the grammar gives a lower-case word a meaning of
// its own where a name may stand.
func isKeyword(word string) bool {
	scan, err := pg.Scan(word)
	if err != nil || len(scan.Tokens) != 1 {
		return true
	}
	k := scan.Tokens[0].KeywordKind
	return k != pg.KeywordKind_NO_KEYWORD && k != pg.KeywordKind_UNRESERVED_KEYWORD
}

// statementSpans is where the statements of src start and end, blanks and
// comments around them included.
func statementSpans(src string) ([][2]int, *Error) {
	if i := strings.IndexByte(src, 0); i >= 0 {
		return nil, errorAt(i, "a zero byte in SQL text")
	}
	stmts, failure := parseText(src, 0, len(src))
	if failure != nil {
		return nil, failure
	}
	out := make([][2]int, len(stmts))
	for i, s := range stmts {
		start, end := int(s.StmtLocation), len(src)
		if s.StmtLen > 0 {
			end = start + int(s.StmtLen)
		}
		out[i] = [2]int{start, end}
	}
	return out, nil
}
