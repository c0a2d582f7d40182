from django.urls import path

from processing.api.access import AccessExplanation
from processing.api.batches import PipelineBatch, batch_view
from processing.api.downloads import Downloads
from processing.api.jobs import JobCancel, JobDetail, JobRetry, Jobs
from processing.api.pipelines import (
    PipelineDetail,
    PipelineExecute,
    Pipelines,
    PipelineSave,
    PipelineTool,
    PipelineValidate,
)
from processing.api.progress import JobProgress
from processing.api.tools import tool_view
from processing.registry import all_tools

urlpatterns = [
    path("access/explain", AccessExplanation.as_view(), name="api-access"),
    path("jobs", Jobs.as_view(), name="api-jobs"),
    path("jobs/<path:job_id>/cancel", JobCancel.as_view(), name="api-job-cancel"),
    path("jobs/<path:job_id>/progress", JobProgress.as_view(), name="api-job-progress"),
    path("jobs/<path:job_id>/retry", JobRetry.as_view(), name="api-job-retry"),
    path("jobs/<path:job_id>", JobDetail.as_view(), name="api-job"),
    path("pipeline/execute", PipelineExecute.as_view(), name="api-pipeline-execute"),
    path("pipeline/batch", PipelineBatch.as_view(), name="api-pipeline-batch"),
    path("pipeline/save", PipelineSave.as_view(), name="api-pipeline-save"),
    path("pipeline/list", Pipelines.as_view(), name="api-pipelines"),
    path("pipeline/tools", PipelineTool.as_view(), name="api-pipeline-tools"),
    path("pipeline/validate", PipelineValidate.as_view(), name="api-pipeline-validate"),
    path("pipeline/<str:pipeline_id>", PipelineDetail.as_view(), name="api-pipeline"),
    path("download/<str:job_id>/<str:filename>", Downloads.as_view(), name="api-download"),
]
for tool in all_tools():
    urlpatterns += [
        path(f"tools/{tool.path}", tool_view(tool).as_view(), name=f"api-tool-{tool.path}"),
        path(f"tools/{tool.id}", tool_view(tool, documented=False).as_view(), name=f"api-tool-1x-{tool.id}"),
    ]
    if tool.can_be_step:
        urlpatterns += [
            path(f"tools/{tool.path}/batch", batch_view(tool).as_view(), name=f"api-batch-{tool.path}"),
            path(
                f"tools/{tool.id}/batch",
                batch_view(tool, documented=False).as_view(),
                name=f"api-batch-1x-{tool.id}",
            ),
        ]
