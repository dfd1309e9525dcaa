import pytest

from promotions.files.edits import Change
from promotions.files.errors import DocumentError
from promotions.files.hcl import update_hcl

DOCUMENT = """# top
terraform {
  required_version = ">= 1.0" # k
}
locals { x = 1 }
resource "aws_instance" "web" {
  ami  = "a-${var.x}"
  tags = { Name = "x", "b c" = 2 }
  list = [1, 2, { z = 1 }]
  doc  = <<-EOT
    hi
  EOT
  neg = -3
}
provider "p" {
  a = 1
}
provider "p" {
  a = 2
}
"""


def _update(text, *updates):
    return update_hcl(text.encode(), updates).data.decode()


@pytest.mark.parametrize(
    ("key", "value", "old", "new"),
    [
        ("terraform.required_version", ">= 2", '">= 1.0"', '">= 2"'),
        ("locals.x", True, "x = 1", "x = true"),
        ("resource.aws_instance.web.ami", "a${b}%{c}$d", '"a-${var.x}"', '"a$${b}%%{c}$d"'),
        ("resource.aws_instance.web.tags.Name", 'q"\n', '"x"', '"q\\"\\n"'),
        ("resource.aws_instance.web.tags.b c", 1.5, '"b c" = 2', '"b c" = 1.5'),
        ("resource.aws_instance.web.list.2.z", 9, "z = 1", "z = 9"),
        ("resource.aws_instance.web.doc", "x", "<<-EOT\n    hi\n  EOT", '"x"'),
        ("resource.aws_instance.web.neg", -7, "-3", "-7"),
        ("provider.p.1.a", 5, "a = 2", "a = 5"),
    ],
)
def test_sets_an_attribute_and_leaves_every_other_byte_alone(key, value, old, new):
    assert _update(DOCUMENT, (key, value)) == DOCUMENT.replace(old, new)


def test_keeps_line_ends_and_a_byte_order_mark():
    assert _update("\ufeffa = 1 # é\r\nb = 2\r\n", ("b", "x")) == '\ufeffa = 1 # é\r\nb = "x"\r\n'


def test_says_what_changed_and_the_last_of_two_updates_wins():
    edited = update_hcl(b"a = 1\n", [("a", 2), ("a", "x")])

    assert edited.data == b'a = "x"\n'
    assert edited.changes == (Change("a", "1", "2"), Change("a", "1", '"x"'))


@pytest.mark.parametrize(
    ("text", "key", "value", "message"),
    [
        ("a = 1\n", "b", 1, 'key "b" does not exist'),
        ("", "b", 1, 'key "b" does not exist'),
        ("a {}\n", "a", 1, 'key "a" does not exist'),
        (DOCUMENT, "provider.p.a", 1, "means several places, in lines 16, 19; put the number of the block"),
        (DOCUMENT, "provider.p.2.a", 1, "does not exist"),
        (DOCUMENT, "resource.aws_instance.web.tags", 1, "not address a single value but a map"),
        (DOCUMENT, "resource.aws_instance.web.list", 1, "but a list"),
        (DOCUMENT, "resource.aws_instance.web.list.7", 1, "does not exist"),
        ("a = 1\n", "a", None, 'key "a": the new value is null'),
        ("a = 1\n", "a", {}, "the new value is a map"),
        ("a = 1\nb = \n", "a", 1, "not valid HCL in line"),
        ("a = 1\nb = = 2\n", "a", 1, "not valid HCL in line 2"),
        ("a = \x001\n", "a", 1, "not a text file: line 1"),
        ("a = 1\n", "a..b", 1, "empty part"),
    ],
)
def test_refuses_what_cannot_be_done(text, key, value, message):
    with pytest.raises(DocumentError, match=message):
        _update(text, (key, value))
