import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("freight", "0002_freight_immutable"),
    ]

    operations = [
        migrations.CreateModel(
            name="RuleTrial",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("lease_owner", models.CharField(blank=True, max_length=200)),
                ("lease_token", models.UUIDField(blank=True, null=True)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("position", models.PositiveSmallIntegerField()),
                ("subscription", models.JSONField()),
                ("text", models.TextField()),
                ("requested_by", models.CharField(max_length=255)),
                (
                    "phase",
                    models.CharField(
                        choices=[
                            ("Pending", "Queued"),
                            ("Running", "Looking"),
                            ("Ready", "Done"),
                            ("Failed", "Failed"),
                        ],
                        default="Pending",
                        max_length=16,
                    ),
                ),
                ("found", models.JSONField(default=list)),
                ("ignored", models.JSONField(default=list)),
                ("ignored_by_rule", models.JSONField(default=list)),
                ("error", models.TextField(blank=True)),
                ("created_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ("-pk",),
            },
        ),
        migrations.AddField(
            model_name="subscription",
            name="ignored_by_rule",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="warehouse",
            name="proposed_name",
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name="warehouse",
            name="proposed_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="warehouse",
            name="waiting",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddIndex(
            model_name="artifact",
            index=models.Index(fields=["commit_id"], name="artifact_commit"),
        ),
        migrations.AddIndex(
            model_name="artifact",
            index=models.Index(fields=["digest"], name="artifact_digest"),
        ),
        migrations.AddField(
            model_name="ruletrial",
            name="warehouse",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="trials", to="freight.warehouse"
            ),
        ),
        migrations.AddIndex(
            model_name="ruletrial",
            index=models.Index(fields=["due_at"], name="rule_trial_due"),
        ),
        migrations.AddIndex(
            model_name="ruletrial",
            index=models.Index(
                condition=models.Q(("lease_until__isnull", False)), fields=["lease_until"], name="rule_trial_leased"
            ),
        ),
        migrations.AddConstraint(
            model_name="ruletrial",
            constraint=models.CheckConstraint(
                condition=models.Q(("phase__in", ["Pending", "Running", "Ready", "Failed"])),
                name="rule_trial_phase_known",
            ),
        ),
    ]
