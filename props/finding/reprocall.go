package finding

import (
	"fmt"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// call writes a call of a path inside of a step.
func (r *repro) call(i int) {
	st := &r.f.Scenario.Steps[i]
	if i == r.d.Step && len(r.tokens()) > 0 {
		r.capture(i)
		return
	}
	texts := r.callTexts(i)
	r.printed(func() {
		for n, tx := range texts {
			undone := st.Undone && n == len(texts)-1
			if undone {
				r.text("SAVEPOINT rlsfuzz_undone;")
			}
			for _, text := range tx {
				r.end(text)
			}
			if undone {
				r.text("ROLLBACK TO SAVEPOINT rlsfuzz_undone; -- this transaction is rolled back")
			}
		}
	})
}

// callTexts is the SQL of a call by transaction; EXECUTE, where its statements stay prepared.
func (r *repro) callTexts(i int) [][]string {
	texts := callTexts(r.ids[i], &r.f.Scenario.Steps[i])
	for _, tx := range texts {
		for k, text := range tx {
			if _, rows := rowsOf(text); rows && r.f.Scenario.Steps[i].Prepared && !strings.HasPrefix(strings.ToUpper(text), "COPY") {
				tx[k] = r.prepare(text, nil)
			}
		}
	}
	return texts
}

// capture runs a call in a DO block that keeps all that the session receives, errors with their
// details included, as one sorted text in the setting rlsfuzz.received.
func (r *repro) capture(i int) {
	var body strings.Builder
	for _, tx := range r.callTexts(i) {
		for _, text := range tx {
			if query, ok := rowsOf(text); ok {
				fmt.Fprintf(&body, "    FOR entry IN EXECUTE %s LOOP got := got || entry::text; END LOOP;\n", sql.Constant(query))
			} else {
				fmt.Fprintf(&body, "    EXECUTE %s;\n    GET DIAGNOSTICS n = ROW_COUNT; got := got || n::text;\n", sql.Constant(text))
			}
		}
	}
	r.line(`DO $rlsfuzz$
DECLARE entry record; got text[] := '{}'; part text; n bigint;
BEGIN
  BEGIN
%s  EXCEPTION WHEN OTHERS THEN
    got := got || ('ERROR ' || SQLSTATE || ': ' || SQLERRM);
    GET STACKED DIAGNOSTICS part = PG_EXCEPTION_DETAIL;
    got := got || part;
    GET STACKED DIAGNOSTICS part = PG_EXCEPTION_HINT;
    got := got || part;
  END;
  SELECT coalesce(string_agg(x, E'\n' ORDER BY x), '') INTO part FROM unnest(got) x;
  RAISE NOTICE 'received: %%', part;
  PERFORM set_config('rlsfuzz.received', part, true);
END
$rlsfuzz$;`, body.String())
}

// rowsOf is the query whose rows a statement returns: the statement itself, or that of a COPY;
// ok is false when it returns none.
func rowsOf(text string) (query string, ok bool) {
	word := strings.ToUpper(strings.FieldsFunc(text, func(c rune) bool { return !('a' <= c|0x20 && c|0x20 <= 'z') })[0])
	switch word {
	case "SELECT", "WITH", "VALUES", "TABLE", "EXECUTE":
		return text, true
	case "INSERT", "UPDATE", "DELETE", "MERGE":
		return text, sql.Mentions(text, "returning")
	case "COPY":
		open := strings.IndexByte(text, '(')
		if rest := strings.TrimSpace(text[len("COPY"):]); open > 0 && strings.HasPrefix(rest, "(") {
			return copied(text[open:]), true
		}
		fields := strings.Fields(text)
		return "SELECT * FROM " + fields[1], true
	}
	return "", false
}

// copied is the query in the parentheses with which text begins.
func copied(text string) string {
	depth := 0
	for i := 0; i < len(text); {
		if n := sql.Skip(text, i); n > 0 {
			i += n
			continue
		}
		switch text[i] {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth == 0 {
			return text[1:i]
		}
		i++
	}
	return text
}
