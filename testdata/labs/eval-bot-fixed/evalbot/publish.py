"""Uploads the result table to the leaderboard."""

import os
import sys

from huggingface_hub import HfApi


def main():
    api = HfApi(token=os.environ["HF_TOKEN"])
    api.upload_file(path_or_fileobj=sys.argv[1], path_in_repo="results.json", repo_id="acme/leaderboard")


if __name__ == "__main__":
    main()
