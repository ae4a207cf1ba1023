// Package report writes the outcome of a run: as text for a terminal, as JSON, and from that
// as one HTML page, JUnit XML, SARIF, Markdown, and annotations of GitHub Actions.
//
// [Text] needs the run itself. Everything else is made from a [Document], which [New] makes
// of a run, [Document.Save] keeps in a folder and [Load] reads again.
package report
