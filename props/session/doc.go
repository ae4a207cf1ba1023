// Package session keeps what a search of hours leaves in its folder, beside the findings:
//
//	stats.json     how far the session is: replaced whole, every few seconds
//	events.jsonl   what happened, one object a line: appended, never rewritten
//	corpus/        scenarios that came to something new, each a case: run first next time
//	session.lock   held by the running process; it goes with the process, however it ends
//
// An event is on disk before it is told to anybody. A line that a killed process could not
// finish is no event: readers pass it, and the next session cuts it off.
package session
