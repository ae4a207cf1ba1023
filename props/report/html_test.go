package report_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
	"github.com/rlsfuzz/rlsfuzz/props/report"
)

// beside is what a session and a run of mutants leave.
func beside() report.Beside {
	return report.Beside{
		Samples: []report.Sample{{Elapsed: 1, Checks: 10, Cells: 2}, {Elapsed: 60, Checks: 900, Cells: 4}, {Elapsed: 4000, Checks: 5000, Cells: 9}},
		Mutants: &report.Mutants{Killed: 3, Survived: 1, Rate: 75, Survivors: []string{hostile}},
	}
}

func rendered(t *testing.T, d *report.Document, b report.Beside) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := d.HTML(&out, b); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// attribute is an attribute of an element; empty when it has none.
func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// TestHTML looks at the page's structure: nothing runs and nothing is fetched, each id
// stands once, each link leads somewhere, each head of a table says of what it is one.
func TestHTML(t *testing.T) {
	for name, text := range map[string][]byte{"full": rendered(t, full(), beside()), "run": rendered(t, leaky(t).document, report.Beside{})} {
		root, err := html.Parse(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		ids, count := map[string]bool{}, map[string]int{}
		var links []string
		for n := range root.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			count[n.Data]++
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") || strings.Contains(a.Val, "://") && !strings.Contains(a.Val, "pwned") {
					t.Errorf("%s: <%s %s=%q>", name, n.Data, a.Key, a.Val)
				}
			}
			switch n.Data {
			case "script", "img", "iframe", "object", "base", "form":
				t.Errorf("%s: an element <%s>", name, n.Data)
			case "th":
				if attribute(n, "scope") == "" {
					t.Errorf("%s: <th> without scope", name)
				}
			case "div":
				if attribute(n, "class") == "scroll" && (attribute(n, "tabindex") != "0" || attribute(n, "role") != "region" || attribute(n, "aria-label") == "") {
					t.Errorf("%s: what scrolls cannot be reached with the keyboard", name)
				}
			case "a":
				links = append(links, attribute(n, "href"))
			}
			if id := attribute(n, "id"); id != "" && ids[id] {
				t.Errorf("%s: id %q stands twice", name, id)
			} else if id != "" {
				ids[id] = true
			}
			if l := attribute(n, "aria-labelledby"); l != "" {
				links = append(links, "#"+l)
			}
		}
		for _, l := range links {
			if !strings.HasPrefix(l, "#") || !ids[l[1:]] {
				t.Errorf("%s: a link to %q, which leads nowhere", name, l)
			}
		}
		for _, need := range []string{"h1", "main", "nav", "details", "summary", "caption", "article"} {
			if count[need] == 0 {
				t.Errorf("%s: no <%s>", name, need)
			}
		}
		if got, want := count["svg"], map[string]int{"full": 1, "run": 0}[name]; got != want {
			t.Errorf("%s: %d curves, want %d", name, got, want)
		}
	}
}

// TestHTMLShows finds all that a person looks for.
func TestHTMLShows(t *testing.T) {
	r := leaky(t)
	root, err := html.Parse(bytes.NewReader(rendered(t, r.document, beside())))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "style" {
			b.WriteString(n.Data + " ")
		}
	}
	text := strings.Join(strings.Fields(b.String()), " ")
	e := &r.document.Findings[0]
	for _, want := range []string{
		r.document.Verdict, "seed 1", "What the model expected", e.Story.Allowed, "What Postgres did", e.Story.What, "SELECT 1", e.Cause,
		e.Key, e.Story.Steps[0].SQL[0], "75.0 %", "1h06m", "schema.sql:9", "Coverage over time", e.Session,
	} {
		if !strings.Contains(text, strings.Join(strings.Fields(want), " ")) {
			t.Errorf("lacks %q\n%s", want, text)
		}
	}
	for _, c := range r.document.Matrix {
		if want := fmt.Sprintf("%s %d allowed, / %d forbidden", c.Command, c.Allowed, c.Forbidden); c.Tested() && !strings.Contains(text, want) {
			t.Errorf("lacks the cell %q", want)
		}
	}
	if !strings.Contains(string(rendered(t, full(), beside())), "&lt;script&gt;document.title = &#39;pwned&#39;&lt;/script&gt;") {
		t.Error("a row's value is not shown as text")
	}
}

// chromium runs the browser without a screen and without a network, and gives its output.
func chromium(t *testing.T, args ...string) []byte {
	t.Helper()
	var bin string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			bin = path
			break
		}
	}
	require.Need(t, "Chromium", bin != "", "install the package chromium")
	room := t.TempDir()
	cmd := exec.CommandContext(t.Context(), bin, append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions", "--disable-background-networking",
		"--host-resolver-rules=MAP * ~NOTFOUND", "--hide-scrollbars", "--window-size=1000,900", "--user-data-dir=" + room,
	}, args...)...)
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

// TestChromium opens the page of hostile values: nothing of them runs, and the page is
// dark where the person's system is.
func TestChromium(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, rendered(t, full(), beside()), 0o600); err != nil {
		t.Fatal(err)
	}
	dom := string(chromium(t, "--dump-dom", "file://"+path))
	if title, _, _ := strings.Cut(dom, "</title>"); !strings.Contains(title, "<title>rlsfuzz: ") || strings.HasSuffix(title, "<title>pwned") {
		t.Errorf("the title is another: %.300s", title)
	}
	if !strings.Contains(dom, "What the model expected") || strings.Contains(dom, "<script") {
		t.Errorf("the page is another: %.2000s", dom)
	}
	for scheme, want := range map[string][3]uint32{"0": {0x15, 0x17, 0x1a}, "1": {0xff, 0xff, 0xff}} { // dark, light
		shot := filepath.Join(t.TempDir(), "shot.png")
		chromium(t, "--screenshot="+shot, "--blink-settings=preferredColorScheme="+scheme, "file://"+path)
		if got := pixel(t, shot); got != want {
			t.Errorf("with the colour scheme %s the page is %x, want %x", scheme, got, want)
		}
	}
}

// keyboard visits what the key Tab visits, in its order, and writes down what of it could not
// be seen, named or followed. Without a positive tabindex that is the order of the page.
const keyboard = `<script>
const said = [], stops = [...document.querySelectorAll('a[href], summary, button, input, [tabindex]')].filter(e => e.tabIndex >= 0 && e.checkVisibility());
for (const e of stops) {
  const name = e.tagName.toLowerCase() + ' ' + (e.getAttribute('aria-label') || e.textContent.trim()).slice(0, 40);
  e.focus({focusVisible: true});
  const style = getComputedStyle(e), at = e.getBoundingClientRect();
  if (document.activeElement !== e) said.push(name + ': takes no focus');
  if (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 1) said.push(name + ': the focus is not visible');
  if (at.width < 1 || at.height < 1 || at.bottom < 0 || at.right < 0 || at.left > innerWidth || at.top > innerHeight) said.push(name + ': out of sight');
  if (e.tabIndex > 0) said.push(name + ': out of order');
  if (!(e.getAttribute('aria-label') || e.textContent.trim())) said.push(name + ': no name');
  const target = e.hash && document.getElementById(decodeURIComponent(e.hash.slice(1)));
  if (e.hash && !target) said.push(name + ': leads nowhere');
}
for (const e of document.querySelectorAll('*')) {
  if (e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX === 'auto' && e.tabIndex < 0) said.push(e.tagName + ' ' + e.className + ': scrolls with the mouse alone');
}
const place = e => stops.findIndex(o => o === e || e && e.contains(o));
const matrix = place(document.querySelector('[aria-label="The matrix"]')), finding = place(document.querySelector('main details'));
if (stops[0].className !== 'skip') said.push('the first stop is ' + stops[0].textContent);
if (matrix < 0 || finding < 0 || finding > matrix) said.push('findings ' + finding + ' and the matrix ' + matrix + ' are not reached in this order');
document.title = 'keyboard: ' + stops.length + ' stops; ' + said.join('; ');
</script>`

// TestKeyboard goes through the page of a search with findings by the keyboard alone: each
// stop takes the focus, shows it and leads somewhere, the findings come before the matrix, and
// what scrolls does so without a mouse. Of a narrow window, too, in which the matrix scrolls.
func TestKeyboard(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.html")
	text := strings.Replace(string(rendered(t, full(), beside())), "</body>", keyboard+"</body>", 1)
	text = regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^>]*>`).ReplaceAllString(text, "") // the script is the test's
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	dom := string(chromium(t, "--window-size=500,800", "--dump-dom", "file://"+path))
	_, said, _ := strings.Cut(dom, "<title>")
	said, _, _ = strings.Cut(said, "</title>")
	stops, wrong, ran := strings.Cut(strings.TrimPrefix(said, "keyboard: "), " stops; ")
	if n, err := strconv.Atoi(stops); !ran || err != nil || n < 10 || wrong != "" {
		t.Errorf("%s", said)
	}
}

// pixel is the colour of the page's upper left corner.
func pixel(t *testing.T, path string) [3]uint32 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var shot image.Image
	if shot, err = png.Decode(f); err != nil {
		t.Fatal(err)
	}
	r, g, b, _ := shot.At(2, 2).RGBA()
	return [3]uint32{r >> 8, g >> 8, b >> 8}
}
