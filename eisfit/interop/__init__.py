"""Other libraries: conversion to and from them, and two of them as reference engines."""
