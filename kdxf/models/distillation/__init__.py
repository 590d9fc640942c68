"""What a model learns from other models while it trains."""

from kdxf.models.distillation.distillation import Distillation
from kdxf.models.distillation.teachers import ModelTeacher, Teacher, TeacherAnswer, TeacherPredictions

__all__ = ["Distillation", "ModelTeacher", "Teacher", "TeacherAnswer", "TeacherPredictions"]
