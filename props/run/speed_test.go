package run_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
	"github.com/rlsfuzz/rlsfuzz/props/run"
	"github.com/rlsfuzz/rlsfuzz/props/search"
)

// flush is what one write sent, and how often the server says that it is ready.
type flush struct {
	bytes []byte
	ready int
}

// frames counts the messages of a stream by kind, however it is cut.
type frames struct {
	counts [256]int
	head   [5]byte
	have   int // bytes of the head
	skip   int // bytes of the body still to come
}

func (f *frames) read(b []byte) {
	for len(b) > 0 {
		if f.skip > 0 {
			n := min(f.skip, len(b))
			f.skip, b = f.skip-n, b[n:]
			continue
		}
		n := copy(f.head[f.have:], b)
		f.have, b = f.have+n, b[n:]
		if f.have == len(f.head) {
			f.counts[f.head[0]]++
			f.have, f.skip = 0, int(binary.BigEndian.Uint32(f.head[1:]))-4
		}
	}
}

// tape is a connection that records what is written to it, and counts what it reads.
type tape struct {
	net.Conn
	on      bool
	flushes []flush
	answers frames
}

func (t *tape) Write(b []byte) (int, error) {
	if t.on {
		f := flush{bytes: slices.Clone(b)}
		for i := 0; i+5 <= len(b); i += 1 + int(binary.BigEndian.Uint32(b[i+1:])) {
			if b[i] == 'S' {
				f.ready++
			}
		}
		t.flushes = append(t.flushes, f)
	}
	return t.Conn.Write(b)
}

func (t *tape) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	if t.on {
		t.answers.read(b[:n])
	}
	return n, err
}

// raw replays flushes and reads up to as many ReadyForQuery messages.
type raw struct {
	conn    net.Conn
	buffer  []byte
	answers frames
}

func (r *raw) replay(flushes []flush) error {
	for _, f := range flushes {
		if _, err := r.conn.Write(f.bytes); err != nil {
			return err
		}
		for until := r.answers.counts['Z'] + f.ready; r.answers.counts['Z'] < until; {
			n, err := r.conn.Read(r.buffer)
			if err != nil {
				return err
			}
			r.answers.read(r.buffer[:n])
		}
	}
	return nil
}

// course is what the benchmark runs: the same checks in three ways.
type course struct {
	target *props.Target
	tape   *tape
	worker *run.Worker
	raw    *raw
	plain  *plain
	k      int
	seed   uint64
}

// speedOptions makes datasets of 24 rows or a little more, and 10 operations.
var speedOptions = gen.Options{Cast: 2, Rows: -1}

const speedSteps = 10

func newCourse(b *testing.B, k int) *course {
	ctx := context.Background()
	t := desk(b)
	c := &course{target: t, k: k, seed: 1}
	dial := func(wrap func(net.Conn) net.Conn) func(context.Context) (*pgx.Conn, error) { // each a database of its own
		db, err := t.Scratch(ctx)
		if err != nil {
			b.Fatal(err)
		}
		return func(ctx context.Context) (*pgx.Conn, error) {
			cfg := t.Server.Config(db, "")
			inner := cfg.DialFunc
			cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
				conn, err := inner(ctx, network, addr)
				if err != nil {
					return nil, err
				}
				return wrap(conn), nil
			}
			return pgx.ConnectConfig(ctx, cfg)
		}
	}
	var err error
	c.worker, err = run.NewWorkerOn(ctx, t.Server.Superuser(), t.Contract, dial(func(n net.Conn) net.Conn {
		c.tape = &tape{Conn: n}
		return c.tape
	}))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.worker.Close)
	c.newRaw(b, dial)
	c.newPlain(b, dial)
	c.tape.on = true
	return c
}

// dialer makes connections that are wrapped.
type dialer func(wrap func(net.Conn) net.Conn) func(context.Context) (*pgx.Conn, error)

func (c *course) newRaw(b *testing.B, dial dialer) {
	conn, err := dial(func(n net.Conn) net.Conn { return n })(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	for _, set := range run.ConnectionSettings() {
		if _, err := conn.Exec(context.Background(), set); err != nil {
			b.Fatal(err)
		}
	}
	h, err := conn.PgConn().Hijack()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = h.Conn.Close() })
	c.raw = &raw{conn: h.Conn, buffer: make([]byte, 1<<16)}
}

// lot is the checks of one slice.
type lot struct {
	datasets  []*gen.Dataset
	sequences [][][]model.Step
	rows      int
	steps     int
}

// tool runs n datasets the way that check does, and keeps what it drew.
func (c *course) tool(b *testing.B, n int) (lot, time.Duration) {
	var l lot
	c.tape.flushes = c.tape.flushes[:0]
	start := time.Now()
	c.seed++
	failure, err := search.Check(c.seed, n, func(t *rapid.T) {
		bits := gen.Drawn{T: t}
		d := c.target.Plan.Dataset(bits, speedOptions)
		sequences := make([][]model.Step, 0, c.k)
		for range c.k {
			sequences = append(sequences, onTables(c.target.Plan).Sequence(bits, speedSteps, d, gen.CallsAtFirst))
		}
		statuses, err := c.worker.Fast(context.Background(), d.Data, d.State, sequences)
		if err != nil {
			b.Error(err)
			return
		}
		for _, s := range statuses {
			if s != run.Passed {
				b.Errorf("a check of the fixed schema ended as %v", s)
				return
			}
		}
		l.datasets, l.sequences = append(l.datasets, d), append(l.sequences, sequences)
	})
	took := time.Since(start)
	if failure != "" || err != nil || b.Failed() {
		b.Fatal("the tool's slice failed: ", failure, err)
	}
	for i, d := range l.datasets {
		for _, rows := range d.Data {
			l.rows += len(rows)
		}
		for _, steps := range l.sequences[i] {
			l.steps += len(steps)
		}
	}
	return l, took
}

// runsOfThree and slicesOfRun are how the speed is judged: by the fastest of adjacent
// slices, at the best of three runs.
const (
	runsOfThree = 3
	slicesOfRun = 15
)

// wanted is the least ratios, by sequences on a dataset.
var wanted = map[int]struct{ ofRaw, overPlain float64 }{1: {0.65, 10}, 10: {0.65, 20}}

// BenchmarkCheck compares a whole check with the same bytes replayed raw and with
// the plain way, in adjacent slices on one server. With RLSFUZZ_LONG=1 it fails where
// a ratio is less than wanted.
func BenchmarkCheck(b *testing.B) {
	for _, k := range []int{1, 10} {
		b.Run(fmt.Sprintf("sequences=%d", k), func(b *testing.B) {
			c := newCourse(b, k)
			datasets := 200 / k
			c.slices(b, 3, datasets) // warm
			b.ResetTimer()
			for range b.N {
				c.judge(b, datasets)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// judge runs three times and reports the best.
func (c *course) judge(b *testing.B, datasets int) {
	best := times{tool: math.Inf(1)}
	var ofRaw, overPlain float64
	for i := range runsOfThree {
		t := c.slices(b, slicesOfRun, datasets)
		b.Logf("run %d: %.0f us/check, %.3f of raw (median %.3f), %.1f times plain (median %.1f)", i+1,
			t.tool*1e6, t.raw/t.tool, t.ofRaw, t.plain/t.tool, t.overPlain)
		ofRaw, overPlain = max(ofRaw, t.raw/t.tool), max(overPlain, t.plain/t.tool)
		if t.tool < best.tool {
			best = t
		}
	}
	b.ReportMetric(best.tool*1e6, "us/check")
	b.ReportMetric(ofRaw, "of-raw")
	b.ReportMetric(overPlain, "x-plain")
	b.ReportMetric(best.rows, "rows/check")
	b.ReportMetric(best.steps, "ops/check")
	b.ReportMetric(best.toolLooks, "observations/check")
	b.ReportMetric(best.rawLooks, "raw-observations/check")
	b.ReportMetric(best.plainLooks, "plain-observations/check")
	want := wanted[c.k]
	verdict := "enough"
	if ofRaw < want.ofRaw || overPlain < want.overPlain {
		verdict = "too slow"
	}
	b.Logf("best of %d: %.3f of raw (wanted %.2f), %.1f times plain (wanted %.0f): %s", runsOfThree, ofRaw, want.ofRaw, overPlain, want.overPlain, verdict)
	if verdict != "enough" && require.IsLong() {
		b.Error("slower than wanted")
	}
}

// times is what one run of adjacent slices took: seconds for each check in the
// fastest slice of each way, medians of the ratios within slices, and what a check was.
type times struct {
	tool, raw, plain                float64
	ofRaw, overPlain                float64
	rows, steps                     float64
	toolLooks, rawLooks, plainLooks float64
}

func (c *course) slices(b *testing.B, rounds, datasets int) times {
	var tool, replay, plain []float64
	rows, steps, checks, plainChecks := 0, 0, 0, 0
	looks, plainLooks := c.worker.Stats().Looks, c.plain.looks
	for range rounds {
		l, took := c.tool(b, datasets)
		n := len(l.datasets) * c.k
		rows, steps, checks = rows+l.rows*c.k, steps+l.steps, checks+n
		tool = append(tool, took.Seconds()/float64(n))

		start := time.Now()
		if err := c.raw.replay(c.tape.flushes); err != nil {
			b.Fatal(err)
		}
		replay = append(replay, time.Since(start).Seconds()/float64(n))
		if c.raw.answers.counts != c.tape.answers.counts {
			b.Fatal("the raw replay got other messages than the tool")
		}

		few := max(1, datasets/20)
		start = time.Now()
		for i := range few {
			c.plain.check(b, l.datasets[i], l.sequences[i])
		}
		plain = append(plain, time.Since(start).Seconds()/float64(few*c.k))
		plainChecks += few * c.k
	}
	each := float64(c.worker.Stats().Looks-looks) / float64(checks)
	return times{
		tool: slices.Min(tool), raw: slices.Min(replay), plain: slices.Min(plain),
		ofRaw: median(ratios(replay, tool)), overPlain: median(ratios(plain, tool)),
		rows: float64(rows) / float64(checks), steps: float64(steps) / float64(checks),
		toolLooks: each, rawLooks: each, // as the messages are the same
		plainLooks: float64(c.plain.looks-plainLooks) / float64(plainChecks),
	}
}

func ratios(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] / b[i]
	}
	return out
}

func median(list []float64) float64 {
	list = slices.Clone(list)
	slices.Sort(list)
	return list[len(list)/2]
}
