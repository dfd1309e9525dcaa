"""The kinds of senders there are: a literal table. To add one, write its file and name it here."""

from freight.receivers import artifactory, azure, bitbucket, dockerhub, generic, gitea, github, gitlab, harbor, quay
from freight.receivers.base import Sender

SENDERS: dict[str, Sender] = {
    "artifactory": artifactory.SENDER,
    "azure": azure.SENDER,
    "bitbucket": bitbucket.SENDER,
    "dockerhub": dockerhub.SENDER,
    "generic": generic.SENDER,
    "gitea": gitea.SENDER,
    "github": github.SENDER,
    "gitlab": gitlab.SENDER,
    "harbor": harbor.SENDER,
    "quay": quay.SENDER,
}
