package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/postgres"
)

// wire is a connection on which many prepared statements go out in one flush and
// their answers are read in order. It is not safe for concurrent use.
type wire struct {
	conn     *pgconn.HijackedConn
	prepared map[string]string // by plan and text: the statement's name
	items    []item
	pushed   int // items that went out
	answered int // items whose answers were read
	ahead    int // bytes that were pushed since answers were read
	arena    []byte
	status   byte // of the transaction, from the last ReadyForQuery
	sent     int  // flushes, for statistics
	broken   error
	own      Own   // what is an answer of statements, though it looks like trouble
	trouble  error // of a statement of the present flush
	sums     []tableSum
	apart    map[int][]uint64 // by index of sums: those of each row
	binds    pgproto3.Bind
	args     [][]byte
}

// keep says what is done with the rows of an answer.
type keep uint8

const (
	drop    keep = iota
	fields       // add up the hashes of the rows' values
	records      // rows are (table number, record text): add up by table
	rows         // copy the values
)

// item is one message that has an answer.
type item struct {
	sync   bool
	name   string // of the prepared statement
	raw    string // a statement that is parsed on the spot, instead of name
	args   []model.Value
	keep   keep
	binds  *model.Identity // it makes the connection act as this one
	whole  bool            // lines of COPY data stay whole
	look   bool            // for canaries
	leave  []bool          // fields that are not added up
	each   bool            // fields: keep the sum of each row, too
	apart  []bool          // records: of these tables keep the sum of each row, too; nil for none
	at     int             // records: where its sums begin
	answer answer
}

// answer is what came back for an item.
type answer struct {
	reached bool // false: skipped after an error
	err     *pgconn.PgError
	count   int // of the command tag
	rows    int
	sum     uint64
	each    []uint64
	kept    []model.Row
	token   bool // a value bears a canary; looked for where fields are added up
	notices []string
}

// tableSum is a multiset of records.
type tableSum struct {
	rows int
	sum  uint64
}

func newWire(conn *pgx.Conn) (*wire, error) {
	hijacked, err := conn.PgConn().Hijack()
	if err != nil {
		return nil, fmt.Errorf("take over connection: %w", err)
	}
	return &wire{conn: hijacked, prepared: map[string]string{}, status: 'I'}, nil
}

func (w *wire) close() {
	if w.broken != nil {
		return
	}
	w.conn.Frontend.Send(&pgproto3.Terminate{})
	_ = w.conn.Conn.SetDeadline(time.Now().Add(time.Second))
	_ = w.conn.Frontend.Flush()
	_ = w.conn.Conn.Close()
}

// prepare makes sure that a statement is prepared under a plan of its own. It costs
// a round trip the first time.
func (w *wire) prepare(ctx context.Context, plan, text string) (string, error) {
	key := plan + "\x00" + text
	if name, ok := w.prepared[key]; ok {
		return name, nil
	}
	name := "s" + strconv.Itoa(len(w.prepared))
	if err := w.guard(ctx, func() error {
		if err := w.settle(); err != nil {
			return err
		}
		if w.status == 'E' && w.trouble != nil {
			return w.trouble
		}
		if w.status == 'E' {
			return errAborted
		}
		w.conn.Frontend.SendParse(&pgproto3.Parse{Name: name, Query: text})
		w.conn.Frontend.SendSync(&pgproto3.Sync{})
		if err := w.conn.Frontend.Flush(); err != nil {
			return err
		}
		var refused *pgconn.PgError
		err := w.parsed()
		if errors.As(err, &refused) {
			return fmt.Errorf("prepare %s: %w", text, err)
		}
		return err
	}); err != nil {
		return "", err
	}
	w.prepared[key] = name
	return name, nil
}

// errAborted says that what was pushed ahead failed, so that the transaction takes
// no statement any more.
var errAborted = errors.New("the transaction is aborted")

func (w *wire) parsed() error {
	var failed error
	for {
		msg, err := w.conn.Frontend.Receive()
		if err != nil {
			return w.lost(err)
		}
		switch m := msg.(type) {
		case *pgproto3.ErrorResponse:
			failed = pgconn.ErrorResponseToPgError(m)
		case *pgproto3.ReadyForQuery:
			w.status = m.TxStatus
			return failed
		}
	}
}

// lost ends the connection, which cannot be used any more.
func (w *wire) lost(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		err = postgres.ErrClosed
	}
	w.breakOff(err)
	return fmt.Errorf("talk to the server: %w", err)
}

// breakOff closes the connection at once: a backend that waits for its answer to be read holds up
// DROP DATABASE, even of another database (ProcSignalBarrier).
func (w *wire) breakOff(why error) {
	w.broken = why
	_ = w.conn.Conn.Close()
}

// hung is after how long a server that says nothing is given up: much longer than the
// statements of a flush may take.
const hung = 5 * time.Minute

// guard runs f such that a cancelled context ends it.
func (w *wire) guard(ctx context.Context, f func() error) error {
	if w.broken != nil {
		return fmt.Errorf("talk to the server: %w", w.broken)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	_ = w.conn.Conn.SetDeadline(time.Now().Add(hung))
	stop := context.AfterFunc(ctx, func() { _ = w.conn.Conn.SetDeadline(time.Unix(1, 0)) })
	err := f()
	if !stop() {
		w.breakOff(ctx.Err())
		return ctx.Err()
	}
	return err
}

// reset begins a new flush.
func (w *wire) reset() {
	w.items, w.pushed, w.answered, w.ahead, w.trouble = w.items[:0], 0, 0, 0, nil
	w.sums = w.sums[:0]
	clear(w.apart)
}

func (w *wire) add(it item) int {
	w.items = append(w.items, it)
	return len(w.items) - 1
}

// call adds a prepared statement and returns its index.
func (w *wire) call(name string, args []model.Value, k keep) int {
	return w.add(item{name: name, args: args, keep: k})
}

// observe adds a prepared statement whose rows are records of tables.
func (w *wire) observe(name string, args []model.Value, tables int) int {
	at := len(w.sums)
	for range tables {
		w.sums = append(w.sums, tableSum{})
	}
	return w.add(item{name: name, args: args, keep: records, at: at})
}

func (w *wire) sync() { w.add(item{sync: true}) }

// chunk is how many bytes are written before reading begins in parallel, well
// below what the buffers of a socket hold.
const chunk = 32 << 10

// push sends what was added so far, so that the server works on it while the rest is
// made. Nothing is read meanwhile, so all that is pushed must fit the socket's buffer,
// even if the server reads none of it: what does not stays for the flush.
func (w *wire) push(ctx context.Context) error {
	size := w.ahead
	for i := w.pushed; i < len(w.items); i++ {
		size += itemSize + argSize*len(w.items[i].args)
		for j := range w.items[i].args {
			size += len(w.items[i].args[j].Text)
		}
	}
	if size > chunk/2 || w.pushed == len(w.items) {
		return nil
	}
	w.ahead = size
	return w.guard(ctx, func() error {
		w.send()
		if err := w.conn.Frontend.Flush(); err != nil {
			return w.lost(err)
		}
		return nil
	})
}

// About how many bytes a statement takes on the wire, and each argument besides its text.
const (
	itemSize = 40
	argSize  = 4
)

// settle reads the answers of what was pushed, so that something else can be asked.
func (w *wire) settle() error {
	if w.pushed == w.answered {
		return nil
	}
	w.conn.Frontend.SendSync(&pgproto3.Sync{})
	if err := w.conn.Frontend.Flush(); err != nil {
		return w.lost(err)
	}
	w.ahead = 0
	if err := w.receive(w.pushed); err != nil {
		return err
	}
	return w.ready()
}

// drain reads what is still to come of a flush that was given up.
func (w *wire) drain(ctx context.Context) error {
	if w.pushed == w.answered {
		return nil
	}
	return w.guard(ctx, w.settle)
}

// flush sends every item and reads every answer. The last item must be a sync.
func (w *wire) flush(ctx context.Context) error {
	err := w.guard(ctx, func() error {
		w.sent++
		size := w.send()
		if size <= chunk {
			if err := w.conn.Frontend.Flush(); err != nil {
				return w.lost(err)
			}
			return w.receive(len(w.items))
		}
		written := make(chan error, 1)
		go func() { written <- w.conn.Frontend.Flush() }()
		err := w.receive(len(w.items))
		if werr := <-written; err == nil && werr != nil {
			return w.lost(werr)
		}
		return err
	})
	if err == nil && w.trouble != nil {
		return fmt.Errorf("run statements: %w", w.trouble)
	}
	return err
}

// send encodes the items that did not go out yet into the frontend's buffer.
func (w *wire) send() int {
	size := 0
	f := w.conn.Frontend
	for ; w.pushed < len(w.items); w.pushed++ {
		it := &w.items[w.pushed]
		if it.sync {
			f.SendSync(&pgproto3.Sync{})
			size += 5
			continue
		}
		w.args = w.args[:0]
		for j := range it.args {
			if it.args[j].Null {
				w.args = append(w.args, nil)
			} else {
				w.args = append(w.args, w.bytes(it.args[j].Text))
				size += len(it.args[j].Text)
			}
		}
		if it.raw != "" {
			f.SendParse(&pgproto3.Parse{Query: it.raw})
			size += len(it.raw)
		}
		w.binds.PreparedStatement = it.name
		w.binds.Parameters = w.args
		f.SendBind(&w.binds)
		f.SendExecute(&pgproto3.Execute{})
		size += itemSize + argSize*len(it.args)
	}
	w.arena = w.arena[:0]
	return size
}

// bytes copies text into the arena: the frontend encodes it at once.
func (w *wire) bytes(s string) []byte {
	if s == "" {
		return []byte{}
	}
	n := len(w.arena)
	w.arena = append(w.arena, s...)
	return w.arena[n:len(w.arena):len(w.arena)]
}

// receive reads the answers to the items before end.
func (w *wire) receive(end int) error {
	for w.answered < end {
		it := &w.items[w.answered]
		it.answer = answer{}
		w.answered++
		if it.sync {
			if err := w.ready(); err != nil {
				return err
			}
			continue
		}
		if err := w.answer(it); err != nil {
			return err
		}
		if it.answer.err != nil { // the server skips everything up to the next Sync
			for w.answered < end && !w.items[w.answered].sync {
				w.items[w.answered].answer = answer{}
				w.answered++
			}
		}
	}
	return nil
}

func (w *wire) ready() error {
	for {
		msg, err := w.conn.Frontend.Receive()
		if err != nil {
			return w.lost(err)
		}
		switch m := msg.(type) {
		case *pgproto3.ReadyForQuery:
			w.status = m.TxStatus
			return nil
		case *pgproto3.ErrorResponse: // at the end of the transaction
			return w.lost(pgconn.ErrorResponseToPgError(m))
		}
	}
}

func (w *wire) answer(it *item) error {
	a := &it.answer
	a.reached = true
	for {
		msg, err := w.conn.Frontend.Receive()
		if err != nil {
			return w.lost(err)
		}
		switch m := msg.(type) {
		case *pgproto3.DataRow:
			w.row(it, m.Values)
		case *pgproto3.CommandComplete:
			a.count = tagCount(m.CommandTag)
			return nil
		case *pgproto3.EmptyQueryResponse:
			return nil
		case *pgproto3.ErrorResponse:
			a.err = pgconn.ErrorResponseToPgError(m)
			if a.err.Severity == "FATAL" {
				return w.lost(a.err)
			}
			if w.own.trouble(a.err) != "" && w.trouble == nil {
				w.trouble = a.err
			}
			return nil
		case *pgproto3.NoticeResponse:
			a.notices = append(a.notices, m.Message+"\n"+m.Detail+"\n"+m.Hint)
		case *pgproto3.CopyData:
			switch {
			case it.whole:
				w.row(it, [][]byte{bytes.TrimSuffix(m.Data, []byte("\n"))})
			case it.keep == fields || it.keep == rows:
				w.row(it, copyFields(m.Data))
			}
		case *pgproto3.CopyInResponse:
			w.conn.Frontend.Send(&pgproto3.CopyFail{Message: "no data"})
			if err := w.conn.Frontend.Flush(); err != nil {
				return w.lost(err)
			}
		}
	}
}

func (w *wire) row(it *item, values [][]byte) {
	a := &it.answer
	a.rows++
	switch it.keep {
	case drop:
	case fields:
		h := model.FieldsStart()
		for i, v := range values {
			if it.leave == nil || !it.leave[i] {
				h = model.FoldField(h, v, v == nil)
			}
			a.token = a.token || it.look && bytes.Contains(v, tokenPrefix)
		}
		a.sum += h
		if it.each {
			a.each = append(a.each, h)
		}
	case records:
		n := 0
		for _, d := range values[0] {
			n = n*10 + int(d-'0')
		}
		s, sum := &w.sums[it.at+n], model.Sum(values[1])
		s.rows++
		s.sum += sum
		if it.apart != nil && it.apart[n] {
			if w.apart == nil {
				w.apart = map[int][]uint64{}
			}
			w.apart[it.at+n] = append(w.apart[it.at+n], sum)
		}
	case rows:
		a.kept = append(a.kept, copyRow(values))
	}
}

var tokenPrefix = []byte(model.TokenPrefix)

func copyRow(values [][]byte) model.Row {
	row := make(model.Row, len(values))
	for i, v := range values {
		row[i] = model.Value{Text: string(v), Null: v == nil}
	}
	return row
}

// tagCount is the number at the end of a command tag: INSERT 0 3, UPDATE 2.
func tagCount(tag []byte) int {
	n, scale := 0, 1
	for i := len(tag) - 1; i >= 0 && tag[i] >= '0' && tag[i] <= '9'; i-- {
		n += int(tag[i]-'0') * scale
		scale *= 10
	}
	return n
}

// exec runs one statement by itself, for housekeeping.
func (w *wire) exec(ctx context.Context, sql string) error {
	w.reset()
	w.add(item{raw: sql})
	w.sync()
	if err := w.flush(ctx); err != nil {
		return err
	}
	if e := w.items[0].answer.err; e != nil {
		return e
	}
	return nil
}
