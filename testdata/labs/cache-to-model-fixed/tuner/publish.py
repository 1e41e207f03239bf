"""Puts the trained model where users get it."""

import os
import sys

from huggingface_hub import HfApi


def main():
    api = HfApi(token=os.environ["HF_TOKEN"])
    api.upload_folder(folder_path=sys.argv[1], repo_id="acme/review-classifier")


if __name__ == "__main__":
    main()
