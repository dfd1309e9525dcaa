"""A git diff, file by file and line by line."""

from promotions.queries.diffs import LONGEST_LINE, MOST_LINES, read_diff

CHANGED = """\
diff --git a/a.txt b/a.txt
index 1111111..2222222 100644
--- a/a.txt
+++ b/a.txt
@@ -1,2 +1,2 @@
 same
-old
+diff --git a/x b/x
@@ -10 +10 @@ def far():
-ten
\\ No newline at end of file
+TEN
"""
OTHERS = """\
diff --git a/b.bin b/b.bin
new file mode 100644
index 0000000..3333333
Binary files /dev/null and b/b.bin differ
diff --git a/old name.txt b/new name.txt
similarity index 100%
rename from old name.txt
rename to new name.txt
diff --git a/run.sh b/run.sh
old mode 100644
new mode 100755
diff --git a/gone.txt b/gone.txt
deleted file mode 100644
index 4444444..0000000
--- a/gone.txt
+++ /dev/null
@@ -1 +0,0 @@
-bye
"""


def file(path, added=0, removed=0, old_path=""):
    return {"path": path, "old_path": old_path, "added": added, "removed": removed}


def test_lines_have_their_numbers_and_no_line_can_pretend_to_begin_a_file():
    (read,) = read_diff(CHANGED, [file("a.txt", 2, 2)])

    assert [(line.old, line.new, line.sign, line.text) for line in read.lines] == [
        (1, 1, " ", "same"),
        (2, None, "-", "old"),
        (None, 2, "+", "diff --git a/x b/x"),
        (None, None, "@", "def far():"),
        (10, None, "-", "ten"),
        (None, None, "@", "No newline at end of file"),
        (None, 10, "+", "TEN"),
    ]
    assert (read.hidden, read.is_open, read.is_binary) == (0, True, False)


def test_what_is_no_change_of_lines_is_named():
    files = [
        file("b.bin", None, None),
        file("new name.txt", old_path="old name.txt"),
        file("run.sh"),
        file("gone.txt", 0, 1),
    ]

    read = read_diff(OTHERS, files)

    assert [each.notes for each in read] == [("new file",), ("renamed",), ("mode 100755",), ("deleted",)]
    assert [each.is_binary for each in read] == [True, False, False, False]
    assert [len(each.lines) for each in read] == [0, 0, 0, 1]


def test_large_files_are_not_drawn_whole_and_long_lines_are_cut():
    body = "".join(f"+{number}\n" for number in range(MOST_LINES + 7)) + "+" + "x" * (LONGEST_LINE + 3) + "\n"
    diff = f"diff --git a/a b/a\nnew file mode 100644\n--- /dev/null\n+++ b/a\n@@ -0,0 +1,{MOST_LINES + 8} @@\n{body}"

    (read,) = read_diff(diff, [file("a", MOST_LINES + 8)])
    (short,) = read_diff("diff --git a/a b/a\n@@ -0,0 +1 @@\n+" + "x" * (LONGEST_LINE + 3), [file("a", 1)])

    assert (len(read.lines), read.hidden, read.is_open) == (MOST_LINES, 8, False)
    assert short.lines[0].text == "x" * LONGEST_LINE + " … (3 more)"


def test_files_behind_the_cut_of_a_diff_are_listed_with_their_counts():
    read = read_diff(CHANGED, [file("a.txt", 2, 2), file("z.txt", 300, 5)])

    assert [(each.path, len(each.lines), each.hidden) for each in read] == [("a.txt", 7, 0), ("z.txt", 0, 305)]
