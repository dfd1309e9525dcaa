from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('promotions', '0002_attempts_queue_events'),
    ]

    operations = [
        migrations.AddField(
            model_name='stage',
            name='health_due_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name='stage',
            index=models.Index(condition=models.Q(('health_due_at__isnull', False)), fields=['health_due_at'], name='stage_health_due'),
        ),
    ]
