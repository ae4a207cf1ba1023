package finding

// listens says how psql takes what comes to a connection that listens: it prints that, and nothing
// else, after the COMMIT that sends it. One connection is enough, for whoever it was when it began to
// listen: what others send on it later comes as well.
func (r *repro) listens() {
	if r.f.Scenario.Listens() {
		r.section("what comes")
		r.text("-- psql prints notifications into files: mktemp, cat and rm are the shell's.\n\\set rlsfuzz_came ''")
	}
}

// listened runs what ends the transaction of a step, and takes what came then.
func (r *repro) listened(i int, end func()) {
	if !r.f.Scenario.Listens() || i >= r.d.Step {
		end()
		return
	}
	r.text("\\set rlsfuzz_file `mktemp`\n\\o :rlsfuzz_file")
	end()
	r.text("\\o\n\\set rlsfuzz_new `cat :'rlsfuzz_file'; rm :'rlsfuzz_file'`\n\\set rlsfuzz_came :rlsfuzz_came :rlsfuzz_new")
}

// came writes the step in which the session looks what came.
func (r *repro) came() {
	r.text("\\echo :rlsfuzz_came\nSELECT set_config('rlsfuzz.received', :'rlsfuzz_came', true) \\gset rlsfuzz_")
}
