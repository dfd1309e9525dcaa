"""The database itself refuses to change what freight is made of."""

from django.db import migrations

# What may change on freight itself: alias, metadata, labels, annotations, and the link to a deleted warehouse.
FIXED = ("name", "project_id", "warehouse_name", "discovered_at")

POSTGRESQL_UP = """
CREATE FUNCTION freight_immutable() RETURNS trigger AS $$
BEGIN
    RAISE EXCEPTION 'freight_immutable' USING ERRCODE = 'check_violation';
END $$ LANGUAGE plpgsql;
CREATE TRIGGER freight_immutable BEFORE UPDATE ON freight_freight FOR EACH ROW WHEN ({changed})
    EXECUTE FUNCTION freight_immutable();
CREATE TRIGGER artifact_immutable BEFORE UPDATE ON freight_artifact FOR EACH ROW
    EXECUTE FUNCTION freight_immutable();
"""
POSTGRESQL_DOWN = """
DROP TRIGGER artifact_immutable ON freight_artifact;
DROP TRIGGER freight_immutable ON freight_freight;
DROP FUNCTION freight_immutable();
"""
SQLITE_UP = (
    "CREATE TRIGGER freight_immutable BEFORE UPDATE ON freight_freight WHEN {changed} "
    "BEGIN SELECT RAISE(ABORT, 'freight_immutable'); END",
    "CREATE TRIGGER artifact_immutable BEFORE UPDATE ON freight_artifact "
    "BEGIN SELECT RAISE(ABORT, 'freight_immutable'); END",
)
SQLITE_DOWN = ("DROP TRIGGER artifact_immutable", "DROP TRIGGER freight_immutable")


def up(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        changed = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in FIXED)
        schema_editor.execute(POSTGRESQL_UP.format(changed=changed))
    else:
        changed = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in FIXED)
        for statement in SQLITE_UP:
            schema_editor.execute(statement.format(changed=changed))


def down(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRESQL_DOWN)
    else:
        for statement in SQLITE_DOWN:
            schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("freight", "0001_initial")]
    operations = [migrations.RunPython(up, down)]
